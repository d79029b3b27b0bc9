# man.awk - a man page from the text of --help; no date of the build, no name of the machine
#
#   awk -f man.awk -v page=libvit-run -v version=0.2.0 -v date=YYYY-MM-DD OVERVIEW HELP EXAMPLES
#
# OVERVIEW is the text of libvit --help, HELP that of the page's own command; both are one file for
# the page libvit. EXAMPLES has command lines, `libvit SUBCOMMAND ...`.

BEGIN {
	placeholders = "[A-Z][A-Z0-9]+"
	variables = "[A-Z][A-Z0-9]*_[A-Z0-9_]+"
}

FNR == 1 { file++ }

# --- read

# The overview: a summary of each subcommand.
file == 1 && /^[A-Z].*:$/ { in_list = /^Subcommands:/ }
file == 1 && in_list && /^  [a-z]/ {
	verbs[++verb_count] = $1
	line = $0
	sub(/^  [a-z]+ +/, "", line)
	summaries[$1] = line
}

# HELP: the usage, paragraphs, lists of options, paragraphs.
file == 2 && /^Usage: / { usage = substr($0, 8); next }
file == 2 && /^Subcommands:$/ { part = "list"; next }
file == 2 && /^Options.*:$/ {
	part = "options"
	headings[option_count + 1] = substr($0, 1, length($0) - 1)
	next
}
file == 2 && part == "options" && /^  -/ { read_option($0); next }
file == 2 && part == "options" && /^      / {
	sub(/^ +/, "")
	# a list within the text, such as that of outputs
	separator = /^[a-z0-9_]+(\.N)?: / ? "\n" : " "
	texts[option_count] = (texts[option_count] == "" ? "" : texts[option_count] separator) $0
	next
}
file == 2 && /^$/ { paragraph++; if (part == "list") part = ""; next }
file == 2 && /^[^ ]/ {
	where = part == "options" || part == "end" ? "end" : "description"
	part = where == "end" ? "end" : part
	key = where SUBSEP paragraph
	paragraphs[key] = (key in paragraphs ? paragraphs[key] " " : "") $0
}

file == 3 && /^libvit / {
	if (page == "libvit" ? !($2 in shown) : page == "libvit-" $2)
		examples[++example_count] = $0
	shown[$2] = 1
}

# "  --isa LEVEL      the text", or the text begins in the next line.
function read_option(line,    at)
{
	sub(/^  /, "", line)
	at = index(line, "  ")
	names[++option_count] = at ? substr(line, 1, at - 1) : line
	if (at) {
		line = substr(line, at)
		sub(/^ +/, "", line)
	} else {
		line = ""
	}
	texts[option_count] = line
	sub(/ +$/, "", names[option_count])
	note_placeholders(names[option_count])
}

function note_placeholders(text)
{
	while (match(text, placeholders)) {
		is_placeholder[substr(text, RSTART, RLENGTH)] = 1
		text = substr(text, RSTART + RLENGTH)
	}
}

# --- write

# As roff prints it: ASCII quotes and minus signs, which can be copied to a shell.
function escape(text)
{
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/'/, "\\(aq", text)
	gsub(/`/, "\\(ga", text)
	gsub(/\^/, "\\(ha", text)
	gsub(/~/, "\\(ti", text)
	gsub(/…/, "\\[u2026]", text)
	return text
}

# The font of a word: options and commands are bold, what stands for something is italic.
function font_of(word,    parts)
{
	if (word ~ "^" variables "$" || word ~ /^-/)
		return "B"
	if (word ~ /^libvit /)
		return split(word, parts, " ") == 2 && parts[2] in summaries ? "B" : ""
	return word in is_placeholder ? "I" : ""
}

function mark(text,    out, word, before, font)
{
	before = ""
	while (match(text, /--?[a-z][a-z-]*|libvit [a-z]+|[A-Z][A-Z0-9_]+/)) {
		out = out escape(substr(text, 1, RSTART - 1))
		if (RSTART > 1)
			before = substr(text, RSTART - 1, 1)
		word = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		font = before ~ /[A-Za-z0-9_-]/ || text ~ /^[A-Za-z0-9_]/ ? "" : font_of(word)
		out = out (font ? "\\f" font escape(word) "\\fR" : escape(word))
		before = substr(word, length(word))
	}
	return out escape(text)
}

# Lines of at most 78 bytes; a period at the start of one would be a macro.
function print_text(text,    words, count, i, line)
{
	count = split(text, words, " ")
	for (i = 1; i <= count; i++) {
		if (line != "" && length(line) + length(words[i]) > 77) {
			print line
			line = ""
		}
		if (line == "")
			line = words[i] ~ /^\./ ? "\\&" words[i] : words[i]
		else
			line = line " " words[i]
	}
	if (line != "")
		print line
}

function print_paragraphs(where,    i, any)
{
	for (i = 0; i <= paragraph; i++)
		if ((where, i) in paragraphs && paragraphs[where, i] != "") {
			if (any++)
				print ".PP"
			print_text(mark(paragraphs[where, i]))
		}
}

# What the text says of the exit status stands in a section of its own.
function take_exit_status(    i, sentences, count, j, rest, status)
{
	for (i = 0; i <= paragraph; i++) {
		if (!(("end", i) in paragraphs))
			continue
		count = split(paragraphs["end", i], sentences, /\. /)
		rest = ""
		for (j = 1; j <= count; j++) {
			sub(/\.$/, "", sentences[j])
			if (sentences[j] ~ /exit status/)
				status = status " " sentences[j] "."
			else
				rest = rest (rest == "" ? "" : " ") sentences[j] "."
		}
		paragraphs["end", i] = rest
	}
	return status
}

function print_options(    i, lines, count, j)
{
	for (i = 1; i <= option_count; i++) {
		if (i == 1)
			print ".SH OPTIONS"
		if (i in headings && headings[i] != "Options")
			print ".SS " headings[i]
		print ".TP"
		print mark_names(names[i])
		count = split(texts[i], lines, "\n")
		for (j = 1; j <= count; j++) {
			if (j > 1)
				print ".br"
			print_text(mark(lines[j]))
		}
	}
}

# "--help, -h", "--isa LEVEL", "--model-control-mode none|explicit"
function mark_names(text,    words, count, i, out)
{
	count = split(text, words, " ")
	for (i = 1; i <= count; i++)
		out = out (i > 1 ? " " : "") \
		      (words[i] ~ /^-/ ? mark(words[i]) : "\\fI" escape(words[i]) "\\fR")
	return out
}

function print_variables(    i, text, name, any)
{
	for (i = 1; i <= option_count; i++) {
		text = texts[i]
		while (match(text, variables)) {
			name = substr(text, RSTART, RLENGTH)
			text = substr(text, RSTART + RLENGTH)
			if (!any++)
				print ".SH ENVIRONMENT"
			print ".TP\n\\fB" escape(name) "\\fR"
			print "See " mark(substr(names[i], 1, index(names[i] " ", " ") - 1)) "."
		}
	}
}

function print_verbs(    i)
{
	if (page != "libvit")
		return
	print ".SH SUBCOMMANDS"
	for (i = 1; i <= verb_count; i++) {
		print ".TP\n.BR " escape("libvit-" verbs[i]) " (1)"
		print_text(mark(summaries[verbs[i]]))
	}
}

function print_synopsis(    words, count, own)
{
	count = split(usage, words, " ")
	own = page == "libvit" ? 1 : 2
	print ".SH SYNOPSIS"
	print ".B " escape(words[1] (own == 2 ? " " words[2] : ""))
	sub(/^[^ ]+ /, "", usage)
	if (own == 2)
		sub(/^[^ ]+ /, "", usage)
	print_text(mark(usage))
}

function print_examples(    i)
{
	if (!example_count)
		return
	print ".SH EXAMPLES\n.EX"
	for (i = 1; i <= example_count; i++)
		print escape(examples[i])
	print ".EE"
}

function print_see_also(    i)
{
	print ".SH SEE ALSO"
	if (page != "libvit")
		print ".BR libvit (1)"
	for (i = 1; page == "libvit" && i <= verb_count; i++)
		print ".BR " escape("libvit-" verbs[i]) " (1)" (i < verb_count ? "," : "")
}

function fail(text)
{
	print "man.awk: " page ": " text >"/dev/stderr"
	failed = 1
	exit 1
}

END {
	if (failed)
		exit 1
	verb = substr(page, 8)
	if (usage == "" || !option_count)
		fail("expected the text of --help, found none")
	if (page != "libvit" && !(verb in summaries))
		fail("expected a subcommand of libvit --help, found '" verb "'")
	note_placeholders(usage)
	status = take_exit_status()
	summary = page == "libvit" ? paragraphs["description", 1] : summaries[verb]
	if (page == "libvit")
		sub(/\. .*/, "", summary)

	print ".\\\" Generated from " (page == "libvit" ? page : "libvit " verb) " --help by man.awk."
	print ".TH " toupper(escape(page)) " 1 \"" date "\" \"libvit " version "\" \"User Commands\""
	print ".ad l\n.nh"
	print ".SH NAME"
	print_text(escape(page) " \\- " escape(summary))
	print_synopsis()
	print ".SH DESCRIPTION"
	print_paragraphs("description")
	for (i = 0; i <= paragraph; i++)
		if (("end", i) in paragraphs && paragraphs["end", i] != "") {
			print ".PP"
			print_text(mark(paragraphs["end", i]))
		}
	print_verbs()
	print_options()
	print_variables()
	print ".SH EXIT STATUS"
	if (status != "")
		print_text("0 on success." mark(status))
	else
		print "As of\n.BR libvit (1)."
	print_examples()
	print_see_also()
}

# doxygen.awk - a public header as Doxygen reads it: its plain comments become Doxygen's
#
# A comment documents the declaration below it; before an empty line it documents the file; after
# code it documents that line. An indented "name  text" in a comment is an item of a list.
function escaped(text) {
	gsub(/[\\@#<>%$]/, "\\\\&", text)
	return text
}

function with_item(line,   item) {
	if (!match(line, /^ +\*  +[A-Za-z_0-9]+(\(\))?  +/))
		return line
	item = substr(line, 1, RLENGTH)
	sub(/\*  +/, "* - **", item)
	sub(/ +$/, "** ", item)
	return item substr(line, RLENGTH + 1)
}

FNR == 1 {
	sub(/^\/\* [^ ]+ - /, "/** @file\n * ")
	print
	next
}
comment != "" && !closed {
	comment = comment "\n" with_item(escaped($0))
	closed = index($0, "*/") > 0
	next
}
comment != "" {
	sub(/\/\*/, $0 == "" ? "/** @file\n *" : "/**", comment)
	print comment
	comment = ""
}
/^ *\/\*/ {
	comment = escaped($0)
	closed = index($0, "*/") > 0
	next
}
/[;,}] *\/\* / && !/^#/ {
	start = index($0, "/* ")
	print substr($0, 1, start - 1) "/**< " escaped(substr($0, start + 3))
	next
}
{ print }

# shellcheck shell=bash
# libvit.bash - bash completes libvit and libvit-serve: from their own --help, which is always right
#
# A function below fills variables of its caller: options, the placeholder of each option's value
# (metavars) and its text (texts), usage and verbs.

# __libvit_read_help COMMAND...
__libvit_read_help() {
  local line option='' part='' name='^  (-[^ ,]+)(, (-[a-z]))?( ([^ ]+))?(  .*|)$'
  while IFS= read -r line; do
    case $line in
      'Usage: '*) usage=${line#Usage: } ;;
      Subcommands:) part=verbs ;;
      Options*:) part=options ;;
      '') option='' ;;
    esac
    if [[ $part == verbs && $line =~ ^'  '([a-z]+)' ' ]]; then
      verbs+=("${BASH_REMATCH[1]}")
    elif [[ $part == options && $line =~ $name ]]; then
      option=${BASH_REMATCH[1]}
      options+=("$option")
      [ -z "${BASH_REMATCH[3]}" ] || options+=("${BASH_REMATCH[3]}")
      metavars[$option]=${BASH_REMATCH[5]}
      texts[$option]=${BASH_REMATCH[6]}
    elif [ -n "$option" ]; then
      texts[$option]+=$'\n'$line
    fi
  done < <("$@" --help 2>/dev/null </dev/null)
}

# __libvit_values METAVAR TEXT: prints the words of a fixed set. "none|explicit" names them, or the
# text does, in one of the forms "WORD: meaning; WORD, the default: meaning" and "WORD (the default)
# or WORD".
__libvit_values() {
  local text=$2 segment single='^[a-z][a-z0-9_]*(\.N)?( or [a-z][a-z0-9_]*)?$'
  if [[ $1 == *'|'* ]]; then
    printf '%s\n' "${1//|/$'\n'}"
    return
  fi
  # a line that begins with a word and a colon is a new part, every other line goes on
  while [[ $text =~ ^(.*)$'\n'' '+([a-z0-9_.N]+': '.*)$ ]]; do
    text="${BASH_REMATCH[1]}; ${BASH_REMATCH[2]}"
  done
  while [[ $text =~ ^(.*[^ ])[[:space:]]*$'\n'[[:space:]]*(.*)$ ]]; do
    text="${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
  done
  text=${text//, the default/}
  text=${text// (the default)/}
  text=${text//: /;}
  while IFS= read -rd ';' segment; do
    [[ $segment =~ ^[[:space:]]*(.*[^[:space:]])[[:space:]]*$ ]] || continue
    segment=${BASH_REMATCH[1]}
    [[ ! $segment =~ $single ]] || printf '%s\n' "${segment// or /$'\n'}"
  done <<<"$text;"
}

# __libvit_offer WORD...: those that begin with what is typed; no files then.
__libvit_offer() {
  compopt +o default +o bashdefault 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current")
}

# __libvit_offer_value OPTION: what may follow it.
__libvit_offer_value() {
  local values metavar=${metavars[$1]}
  case $1 in
    --isa)
      values=$(env -u VIT_ISA "${command%-serve}" info 2>/dev/null </dev/null |
        sed -n 's/^  \([a-z0-9]*\) *\(usable\|chosen\)$/\1/p')
      ;;
    --kernel) values=$("$command" "$verb" --list 2>/dev/null </dev/null | sed 's/ .*//') ;;
    *) values=$(__libvit_values "$metavar" "${texts[$1]}") ;;
  esac
  # block.N: the number follows without a space
  [[ $values != *.N* ]] || compopt -o nospace 2>/dev/null
  values=${values//.N/.}
  case $values/$metavar in
    ?*/*) __libvit_offer "$values" ;;
    */*MODEL* | */*DIRECTORY*) compopt +o default +o bashdefault -o dirnames 2>/dev/null ;;
    */*FILE* | */*OUT* | */*SHARDS*) ;; # bash completes files, whatever their names contain
    *) __libvit_offer ;;
  esac
}

# __libvit_offer_operand COUNT: the operand that follows COUNT others.
__libvit_offer_operand() {
  # "libvit bench ARCH|MODEL or KERNEL SHAPE...", "libvit serve [NAME=]DIRECTORY..."
  [[ $1 == 0 && $usage =~ ^libvit\ [a-z]+\ ([^ ]+) ]] || return
  case $usage/${BASH_REMATCH[1]} in
    *KERNEL*/*)
      compopt -o plusdirs 2>/dev/null
      __libvit_offer "$("$command" "$verb" --list 2>/dev/null </dev/null | sed 's/ .*//')"
      ;;
    */*MODEL* | */*DIRECTORY*) compopt +o default +o bashdefault -o dirnames 2>/dev/null ;;
  esac
}

_libvit() {
  local command=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]}
  local word verb='' usage='' pending='' only_operands='' i count=0
  local -a options=() verbs=()
  local -A metavars=() texts=()
  COMPREPLY=()

  __libvit_read_help "$command"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      [=:]*) # what bash splits: --isa=avx2, ADDRESS:PORT, NAME=DIRECTORY
        [[ $word != = || -z $pending ]] || continue
        i=$((i + 1))
        continue
        ;;
      --) only_operands=yes ;;
    esac
    if [ -n "$pending" ]; then
      pending=''
    elif [[ $word == -* && -z $only_operands ]]; then
      [ -z "${metavars[$word]:-}" ] || pending=$word
    elif [ "$word" != -- ]; then
      if [[ ${#verbs[@]} == 0 || -n $verb ]]; then
        count=$((count + 1))
      else
        verb=$word
        options=() usage=''
        [ "$verb" = help ] || __libvit_read_help "$command" "$verb"
      fi
    fi
  done
  [[ $current != [=:] ]] || current=''

  if [ -n "$pending" ]; then
    __libvit_offer_value "$pending"
  elif [[ ${#verbs[@]} != 0 && -z $verb && $current != -* || $verb$count == help0 ]]; then
    __libvit_offer "${verbs[@]}"
  elif [ -z "$usage" ]; then
    __libvit_offer # there is no such command or subcommand
  elif [[ $current == -* && -z $only_operands ]]; then
    __libvit_offer "${options[@]}"
  else
    __libvit_offer_operand "$count"
  fi
}

complete -o default -o bashdefault -F _libvit libvit libvit-serve

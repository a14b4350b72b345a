/** A completion script for a shell. It asks `podgate __complete` what may come next, so it never grows old. */
export function completionScript(shell: "bash" | "zsh"): string {
  return shell === "bash" ? BASH : ZSH;
}

const BASH = `_podgate() {
  local IFS=$'\\n'
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  local proposals=($(podgate __complete "\${words[@]}" 2>/dev/null))
  COMPREPLY=("\${proposals[@]%%$'\\t'*}")
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _podgate podgate
`;

const ZSH = `#compdef podgate
_podgate() {
  local line
  local -a proposals
  while IFS=$'\\t' read -r completion brief; do
    proposals+=("\${completion//:/\\\\:}:\${brief}")
  done < <(podgate __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#proposals} )); then _describe podgate proposals; else _files; fi
}
if [ "$funcstack[1]" = "_podgate" ]; then _podgate "$@"; else compdef _podgate podgate; fi
`;

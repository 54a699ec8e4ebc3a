export type Shell = 'bash' | 'zsh' | 'fish';

/** Each asks `tutti __complete` with the words so far; the last one is being typed. */
export const SCRIPTS: Record<Shell, string> = {
  bash: `_tutti() {
  local words
  words=$("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _tutti tutti`,
  zsh: `#compdef tutti
_tutti() {
  local -a found
  found=(\${(f)"$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  (( \${#found} )) && compadd -a found || _files
}
compdef _tutti tutti`,
  fish: `function __tutti_complete
  set -l words (commandline -opc) (commandline -ct)
  tutti __complete -- $words[2..-1] 2>/dev/null
end
complete -c tutti -a '(__tutti_complete)'`,
};

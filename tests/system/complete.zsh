# SPDX-License-Identifier: MIT
# What zsh offers for the last word of each line of a file:
#   zsh -f complete.zsh FUNCTIONS LINES RESULT
# FUNCTIONS is a directory with _tcpgoon in it. For each line RESULT has what was offered, one match
# a line, then a line "END". The matches are taken where completion functions hand them to the
# shell, in a shell at a terminal: there is no completion without one.
zmodload zsh/zpty
export FUNCTIONS=$1 RESULT=$3
lines=("${(@f)$(<$2)}")
: >$RESULT

setup='
PS1= PS2= RPS1=
fpath=($FUNCTIONS $fpath)
autoload -Uz compinit && compinit -D -u
zstyle ":completion:*" verbose no
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	local -a offered
	builtin compadd -A offered "$@"
	(($#offered)) && print -rl -- $offered >>$RESULT
	builtin compadd "$@"
}
offer() {
	zle list-choices
	print -r -- END >>$RESULT
	BUFFER=
}
zle -N offer
bindkey "^I" offer
'
zpty shell "stty -echo -onlcr; exec zsh -f -i"
print -r -- "$setup" >$RESULT.setup
zpty -w shell "source $RESULT.setup; print -r -- END >>$RESULT"

# Reads what the shell shows, so that it is never held up, until so many ends were written.
await() {
	local shown
	integer turns=0
	while (($(grep -c '^END$' $RESULT) < $1)); do
		zpty -rt shell shown
		sleep 0.02
		((turns++ < 1500)) || exit 1
	done
}

integer count=1
await 1
for line in "${lines[@]}"; do
	zpty -w -n shell "$line"$'\t'
	await $((++count))
done
zpty -d shell

# SPDX-License-Identifier: MIT
# A build tool: makes of scdoc's output a page that mandoc's lint has nothing to say about. What a
# reader sees of the page stays the same.
#
# Scdoc writes a paragraph macro at the end of each block. There it begins an empty paragraph, before
# a heading or the end of an indentation: it is put behind the end, or left out.

function put(line) {
	if (pending && !fresh) {
		print ".P"
	}
	pending = 0
	fresh = 0
	print line
}

# Lines of at most 80 bytes, broken at blanks.
function put_wrapped(text,    words, count, i, line) {
	count = split(text, words, " ")
	line = words[1]
	for (i = 2; i <= count; i++) {
		if (length(line) + 1 + length(words[i]) > 80) {
			put(line)
			# At the beginning of a line these would make it a macro.
			line = (words[i] ~ /^[.']/ ? "\\&" : "") words[i]
		} else {
			line = line " " words[i]
		}
	}
	put(line)
}

/^\.TH / { $0 = toupper($1) " " toupper($2) substr($0, length($1) + length($2) + 2) }
/^\.P$/ { pending = 1; next }
/^\.RE$/ { print; next }
/^\.S[HS] / { pending = 0; print; fresh = 1; next }
/^\.TH / { print; fresh = 1; next }
/^\.nf$/ { literal = 1 }
/^\.fi$/ { literal = 0 }
/^[.']/ || literal || length($0) <= 80 { put($0); next }
{ put_wrapped($0) }

package compiler_test

import (
	"math/rand/v2"
	"strings"
)

// odd are values at the edges of what a field takes, in a form that CUE reads.
var odd = []string{
	`""`, `" "`, `"0s"`, `"-1h"`, `"9999999999999999999d"`, `"1h1h"`, `"0%"`, `"101%"`, `"1e3%"`, `"24:00"`, `"23:59"`, `"2027-02-29"`, `"2026-03-29T02:30"`, `"9999-12-31T23:59"`,
	`"0000-01-01"`, `"Europe/Berlin"`, `"UTC"`, `"Local"`, `"../../etc/passwd"`, `"/"`, `"."`, `"a/b/c"`, `"a\u0000b"`, `"\u202e"`, `"ü"`, `'\xff'`, `"""` + "\n\t\tx\n\t\t" + `"""`, `#"\#(1)"#`,
	`0`, `-1`, `1.5`, `1e400`, `0x10`, `99999999999999999999999999`, `null`, `true`, `_`, `_|_`, `string`, `int`, `bytes`, `{}`, `[]`, `{...}`, `[...]`, `[...string]`, `{[string]: _}`,
	`=~"^a"`, `!=""`, `>0 & <0`, `*1 | 2`, `*"a" | *"b"`, `1 | 2 | 3`, `"a" | {b: 1}`, `1 & 2`, `"a" & "a"`, `close({})`, `len("abc")`, `and([])`, `or([])`, `div(1, 0)`, `1/0`,
	`"\(1)"`, `"x" * 1000`, `[1, 2][5]`, `{a: 1}.b`, `tenant`, `tenant.acme`, `tenant.acme.rings`, `baseline.#Tenant`, `policy.#Tenant`, `#securityWait`, `nothing`, `["*"]`, `"*"`, `"["`, `"(a+)+$"`,
	`[for x in [1, 2, 3] {x}]`, `[if true {1}]`, `{for k, v in {a: 1} {(k): v}}`, `"FREQ=DAILY;INTERVAL=0"`, `"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"`, `strings.Repeat("x", 100)`, `list.Range(0, 10, 1)`, `matchN(1, [string])`,
}

// wraps put a value into something.
var wraps = []string{
	"[$]", "{x: $}", "($)", "$ & _", "$ | null", "*$ | _", "!$", "-$", "\"\\($)\"", "$ & $", "$ | $", "close($)", "[$][0]", "{x: $}.x", "[...$]", "{[string]: $}", "len($)", "or([$])", "and([$])", "$ & {...}", "$ & close({})", "{$}",
	"[for x in [$] {x}]", "{if true {x: $}}", "$.x", "$[0]", "$ + $", "$ & string", "$ & >1", "$ | *\"1h\"",
}

// marks change what a field is.
var marks = []string{"#$", "_$", "$?", "$!", "_#$", "($)", "[$]", "\"$\"", "X=$", "(\"$\")", "[X=string]", "[=~\"^a\"]", "\"\\($)\"", "$: $", "tenant: $", "if true {} \n$", "let X = 1\n$", "@a(b)\n$", "...\n$"}

// cue changes one spot of a CUE file, or some byte of one that does not parse.
func (m *mutator) cue(r *rand.Rand, text string) string {
	list := spots(text)
	if len(list) == 0 || r.IntN(25) == 0 {
		return m.bytes(r, text)
	}
	s := list[r.IntN(len(list))]
	piece := text[s.from:s.to]
	switch s.kind {
	case label:
		piece = m.label(r, piece)
	case value:
		piece = m.value(r, piece, text, list)
	case field:
		piece = m.field(r, piece)
	case within:
		piece = "\n" + m.piece(r) + "\n"
	}
	return text[:s.from] + piece + text[s.to:]
}

func (m *mutator) label(r *rand.Rand, old string) string {
	switch r.IntN(6) {
	case 0:
		return strings.ReplaceAll(pick(r, marks), "$", strings.Trim(old, `"?!`))
	case 1, 2:
		return misspell(r, old)
	case 3:
		return pick(r, odd)
	}
	return pick(r, m.labels)
}

// misspell drops, doubles, swaps or changes the case of a letter.
func misspell(r *rand.Rand, s string) string {
	i := r.IntN(len(s))
	switch r.IntN(4) {
	case 0:
		return s[:i] + s[i+1:]
	case 1:
		return s[:i] + s[i:i+1] + s[i:]
	case 2:
		return s[:i] + strings.ToUpper(s[i:i+1]) + s[i+1:]
	}
	j := r.IntN(len(s))
	b := []byte(s)
	b[i], b[j] = b[j], b[i]
	return string(b)
}

func (m *mutator) value(r *rand.Rand, old, text string, list []spot) string {
	switch r.IntN(7) {
	case 0, 1:
		return pick(r, odd)
	case 2:
		return strings.ReplaceAll(pick(r, wraps), "$", old)
	case 3:
		o := list[r.IntN(len(list))] // something else of this file
		return text[o.from:o.to]
	case 4:
		if len(old) > 2 {
			return misspell(r, old)
		}
	}
	return pick(r, m.values)
}

func (m *mutator) field(r *rand.Rand, old string) string {
	switch r.IntN(7) {
	case 0:
		return ""
	case 1:
		return old + "\n" + old
	case 2:
		return "if " + pick(r, odd) + " {\n" + old + "\n}"
	case 3:
		return "for k, v in " + pick(r, append(odd, m.values...)) + " {\n" + old + "\n}"
	case 4:
		return old + "\n" + m.piece(r)
	case 5:
		return pick(r, m.values) + "\n" + old
	}
	return m.piece(r)
}

func (m *mutator) piece(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return pick(r, m.labels) + ": " + pick(r, odd)
	}
	return pick(r, m.fields)
}

// bytes changes text without any idea of it.
func (m *mutator) bytes(r *rand.Rand, text string) string {
	at := r.IntN(len(text) + 1)
	to := min(len(text), at+r.IntN(20))
	put := pick(r, []string{"", "{", "}", "[", "]", `"`, "'", "\\", "//", "\r\n", "\x00", "\xff", ":", "&", "|", ",", "...", "@a()", "package x\n", "import \"list\"\n", "\t"})
	return text[:at] + put + text[to:]
}

package policy

import "strings"

// A confirmation code stands in the message by which a person confirms on WhatsApp what
// they ticked elsewhere: the link they tap has it in its prefilled text.

const (
	// codeMark begins a code, before its two groups of codeGroup characters.
	codeMark  = "wa"
	codeGroup = 5
	// CodeLength is that of a code without mark and hyphens. Each of its characters has
	// five bits.
	CodeLength = 2 * codeGroup
	// CodeAlphabet are its characters: none that look alike, and no word by accident.
	CodeAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

// WrittenCode is a code as people see it.
func WrittenCode(code string) string {
	return strings.ToUpper(codeMark + "-" + code[:codeGroup] + "-" + code[codeGroup:])
}

// CodeIn finds the code at the end of a message, and gives the rest of it, folded as
// [FoldText] does.
func CodeIn(message string) (rest, code string, ok bool) {
	const longest = len(codeMark) + 2 + CodeLength
	folded := FoldText(message)
	if len(folded) < longest {
		return "", "", false
	}
	rest, tail := folded[:len(folded)-longest], folded[len(folded)-longest:]
	words := strings.Split(tail, " ")
	if len(words) != 3 || words[0] != codeMark || len(words[1]) != codeGroup || strings.Trim(words[1]+words[2], CodeAlphabet) != "" {
		return "", "", false
	}
	if rest != "" && !strings.HasSuffix(rest, " ") {
		return "", "", false // a longer word that ends so
	}
	return strings.TrimSuffix(rest, " "), words[1] + words[2], true
}

// longestText is more than a message on WhatsApp has, in bytes.
const longestText = 16 << 10

// FoldText reduces a text to what people mean to write, as messages about consent are
// compared: letters and digits in one case without accents, with single spaces between.
func FoldText(text string) string {
	folded, _ := fold(text, longestText)
	return folded
}

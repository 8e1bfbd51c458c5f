package generous

import (
	"slices"
	"testing"
	"unicode"
)

func TestRecipients(t *testing.T) {
	found := []string{"messages to=447700900123 text"}
	both := []string{"messages to=447700900123 text", "messages to=447700900456 text"}
	to := func(v string) Request { return postJSON(`{"to":` + v + `,"type":"text","text":{"body":"x"}}`) }
	checkFound(t, []row{
		{"punctuation", to(`" +44 (7700) 900-123 "`), found},
		{"number", to(`447700900123`), found},
		{"number/negative", to(`-447700900123`), found},
		{"number/float", to(`4.47700900123e11`), found},
		{"number/short-float", to(`4.4e11`), []string{"messages to=440000000000 text"}},
		{"number/fraction", to(`447700900123.0`), found},
		{"number/point-as-punctuation", to(`4477.00900123`), found},
		{"string/float", to(`"4.47700900123E+11"`), found},
		{"string/quoted", to(`"\"447700900123\""`), found},
		{"arabic-digits", to(`"٤٤٧٧٠٠٩٠٠١٢٣"`), found},
		{"mathematical-digits", to(`"𝟒𝟒𝟕𝟕𝟎𝟎𝟗𝟎𝟎𝟏𝟐𝟑"`), found},
		{"fullwidth-digits", to(`"＋４４７７００９００１２３"`), found},
		{"invisible", to(`"44\u200b7700\u00ad900\u0000123"`), found},
		{"array", to(`["447700900123",447700900456]`), both},
		{"array/nested", to(`[["447700900123"],{"x":"447700900456"}]`), both},
		{"array/as-string", to(`"[\"447700900123\",447700900456]"`), both},
		{"object", to(`{"phone":"447700900123","wa_id":447700900456}`), both},
		{"commas", to(`"447700900123, 447700900456"`), both},
		{"braces", to(`"{447700900123}"`), found},
		{"quotes-and-more", to(`"\"x\" 447700900123"`), found},
		{"uri", to(`"tel:+447700900123"`), found},
		{
			"bsuid-in-to", to(`"US.40817726355190042"`),
			[]string{"messages to=" + eve + " text", "messages to=40817726355190042 text"},
		},
		{"parent-bsuid-in-to", to(`"us.ENT.12345"`), []string{"messages to=us.ENT.12345 text", "messages to=12345 text"}},
		{"group-without-type", to(`"Y2FwaV9ncm91cDo"`), []string{"messages to=Y2FwaV9ncm91cDo text"}},
		{
			"to-and-recipient", postJSON(`{"to":"447700900123","recipient":"US.40817726355190042"}`),
			[]string{"messages to=447700900123 text", "messages recipient=" + eve + " text"},
		},
		{"phone-in-recipient", postJSON(`{"recipient":"+44 7700 900123"}`), []string{"messages recipient=447700900123 text"}},
		{"recipient-object", postJSON(`{"recipient":{"id":"US.40817726355190042"}}`), []string{"messages recipient=" + eve + " text"}},
		{"reference", to(`" {result=first:$.contacts.0.wa_id}"`), []string{"messages to={result=first:$.contacts.0.wa_id} text"}},
		{
			"phone-called-group", postJSON(`{"to":"447700900123","recipient_type":"GROUP"}`),
			[]string{"messages to=447700900123 text group"},
		},
	})
}

func TestWholeNumber(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"447700900123", "447700900123"},
		{"4.9e12", "4900000000000"},
		{"4.9151E3", "4915"},
		{"+00447", "447"},
		{"4479.9", "4479"},
		{"44790e-1", "4479"},
		{"1e-9", "0"},
		{".5", "0"},
		{"0", "0"},
		{"1e9999", "1" + "0000000000000000000000000000000000000000"},
	} {
		if got := wholeNumber(tt.in); got != tt.want {
			t.Errorf("wholeNumber(%q) is %q, want %q", tt.in, got, tt.want)
		}
	}
}

// digitOf relies on it.
func TestDecimalDigitsComeInRunsOfTen(t *testing.T) {
	for _, r := range unicode.Nd.R16 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("range %x to %x, stride %d", r.Lo, r.Hi, r.Stride)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("range %x to %x, stride %d", r.Lo, r.Hi, r.Stride)
		}
	}
}

func TestUniqueKeepsBothEnds(t *testing.T) {
	got := unique([]int{1, 2, 1, 3, 4, 5, 6}, 4)
	if want := []int{1, 2, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

package phone

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// parse are the readings of a phone number, the likelier first.
func parse(s, home string) ([]Number, error) {
	r, err := Parse(s, home)
	return slices.DeleteFunc([]Number{r.Number, r.Second}, func(n Number) bool { return n == "" }), err
}

var codePoint = regexp.MustCompile(`U\+[0-9A-F]{4,6}`)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		name, s, home string
		want          []Number // empty: refused
	}{
		{"plus", "+4915112345678", "", []Number{"4915112345678"}},
		{"plus/formatted", " +49 (151) 123-45678 ", "1", []Number{"4915112345678"}},
		{"plus/inside-parentheses", "(+49) 151 12345678", "1", []Number{"4915112345678"}},
		{"plus/short-island", "+6834001", "", []Number{"6834001"}},
		{"zeros", "004915112345678", "", []Number{"4915112345678"}},
		{"zeros/formatted", "00 49 151 123 456 78", "", []Number{"4915112345678"}},
		{"bare/international", "4915112345678", "", []Number{"4915112345678"}},
		{"bare/international-of-home", "4915112345678", "49", []Number{"4915112345678"}},
		{"bare/international-elsewhere", "4915112345678", "91", []Number{"4915112345678"}},
		{"bare/home-unknown-calling-code", "4915112345678", "999", []Number{"4915112345678"}},

		// The example of Meta's documentation: an Indian business number.
		{"bare/national/indian-business", "(212) 555-0147", "91", []Number{"912125550147"}},
		{"bare/national/american-business", "(212) 555-0147", "1", []Number{"12125550147"}},
		{"bare/national/begins-like-home", "9198765432", "91", []Number{"919198765432", "9198765432"}},
		{"bare/both/american-business", "3212345678", "1", []Number{"3212345678", "13212345678"}},
		{"bare/both/brazilian-business", "11987654321", "55", []Number{"551187654321", "11987654321"}},
		{"bare/both/mexican-business", "15512345678", "52", []Number{"15512345678", "525512345678"}},
		{"bare/both/argentine-business", "91123456789", "54", []Number{"541123456789", "91123456789"}},
		{"bare/russian-trunk", "89161234567", "7", nil},
		{"bare/nowhere", "1234567890123", "", nil},
		{"bare/nowhere-at-home", "1234567", "49", nil},

		{"trunk-zero", "015112345678", "49", nil},
		{"plus-zero", "+015112345678", "49", nil},
		{"three-zeros", "0004915112345678", "49", nil},
		{"two-pluses", "++4915112345678", "", nil},
		{"inner-plus", "49+15112345678", "", nil},
		{"trailing-plus", "4915112345678+", "", nil},
		{"letter", "+49151CALLNOW", "", nil},
		{"dots", "+49.151.12345678", "", nil},
		{"slash", "+49/151/12345678", "", nil},
		{"tab", "+49\t15112345678", "", nil},
		{"newline", "+4915112345678\n", "", nil},
		{"arabic-digits", "+٤٩١٥١١٢٣٤٥٦٧٨", "", nil},
		{"full-width-plus", "＋4915112345678", "", nil},
		{"zero-width-space", "+49\u200b15112345678", "", nil},
		{"no-break-space", "+49\u00a015112345678", "", nil},
		{"right-to-left-mark", "\u200f+4915112345678", "", nil},
		{"comma", "+4915112345678,+4915112345679", "", nil},
		{"empty", "", "49", nil},
		{"spaces", "   ", "49", nil},
		{"plus-alone", "+", "49", nil},
		{"too-long", "+4915112345678901", "", nil},
		{"too-short", "+49151", "", nil},
		{"user-id", "DE.55667788990011", "", nil},
		{"too-long-for-its-country", "+33612345678901", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(c.s, c.home)
			if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) {
				t.Errorf("Parse(%q, %q) = %q, %v, want %q", c.s, c.home, got, err, c.want)
			}
			if err != nil && strings.ContainsAny(codePoint.ReplaceAllString(strings.NewReplacer("15 digits", "", "7 digits", "", "national 0", "", "the 0", "").Replace(err.Error()), ""), "0123456789") {
				t.Errorf("the error %q quotes digits", err)
			}
		})
	}
}

// classes are spellings of one line each.
var classes = map[string][]string{
	"brazil/mobile":           {"5511987654321", "551187654321", "55 0 11 98765-4321"},
	"brazil/fixed":            {"551132654321"},
	"brazil/never-eight":      {"5511932654321", "55 0 11 93265-4321"},
	"brazil/mobile-outside":   {"5531997654321", "553197654321"},
	"brazil/mobile-zero":      {"5511906654321"},
	"brazil/carrier-code":     {"551132654322", "55 015 11 3265-4322"},
	"mexico":                  {"5215512345678", "525512345678", "52 01 55 1234 5678"},
	"argentina/buenos-aires":  {"5491123456789", "541123456789", "54 11 15 2345-6789", "54 9 11 15 2345 6789", "54 0 11 15 2345-6789"},
	"argentina/three-digits":  {"5493514567890", "543514567890", "54 351 15 456-7890"},
	"argentina/four-digits":   {"5492966123456", "542966123456", "54 2966 15 12-3456"},
	"benin":                   {"2290195123456", "22995123456"},
	"ivory-coast/orange":      {"2250708123456", "22508123456"},
	"ivory-coast/mtn":         {"2250544123456", "22544123456"},
	"ivory-coast/moov":        {"2250102123456", "22502123456"},
	"ivory-coast/fixed":       {"2252720212345", "22520212345"},
	"ivory-coast/fixed-mtn":   {"2252520012345", "22520012345"},
	"ivory-coast/fixed-moov":  {"2252120812345", "22520812345"},
	"germany/trunk-zero":      {"4915112345678", "49 (0) 151 12345678"},
	"united-kingdom/trunk":    {"447700900123", "44 (0) 7700 900123"},
	"india/trunk-zero":        {"919876543210", "91 0 98765 43210"},
	"indonesia/trunk-zero":    {"628123456789", "62 0812 3456 789"},
	"hungary/trunk-06":        {"36201234567", "36 06 20 123 4567"},
	"russia/trunk-8":          {"79161234567", "7 8 916 123-45-67"},
	"north-america/trunk-1":   {"12125550147", "1 1 212 555 0147"},
	"belarus/trunk-80":        {"375291234567", "375 80 29 123 45 67"},
	"colombia/carrier-code":   {"573101234567", "57 03 310 123 4567"},
	"tajikistan/trunk-zero":   {"992001234567", "992 0 001234567"},
	"gabon/trunk-zero":        {"24177123456", "241 077 12 34 56"},
	"san-marino/area-code":    {"3780549886377", "378886377"},
	"congo/own-zero":          {"242061234567"},
	"italy/fixed-keeps-zero":  {"390612345678"},
	"italy/mobile":            {"393471234567"},
	"burkina-faso/own-zero":   {"22601234567"},
	"australia/trunk-zero":    {"61412345678", "61 (0)412 345 678"},
	"no-such-calling-code":    {"99912345678"},
	"shared-calling-code/kaz": {"77011234567"},
}

func TestSpellingsOfOneLine(t *testing.T) {
	keys := make(map[Number]string)
	for name, class := range classes {
		t.Run(name, func(t *testing.T) {
			want := Number("")
			for _, s := range class {
				got, err := parse("+"+s, "")
				if err != nil || len(got) != 1 {
					t.Fatalf("Parse(+%s) = %q, %v", s, got, err)
				}
				if want == "" {
					want = got[0]
				}
				if got[0] != want {
					t.Errorf("+%s reads as %s, +%s as %s", s, got[0], class[0], want)
				}
			}
			if other, ok := keys[want]; ok {
				t.Errorf("%s and %s share the key %s", name, other, want)
			}
			keys[want] = name
		})
	}
}

// Whoever is written with a trunk prefix or a carrier code is known to libraries
// such as the one Meta is likely to use as the person without it. So they must
// not be a different person here.
func TestTrunkPrefixesOfAllCountries(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			whole := digitsOf(example)
			code, national := callingCode(whole), whole[len(callingCode(whole)):]
			if code != strconv.Itoa(int(example.GetCountryCode())) {
				t.Fatalf("%s: calling code of +%s is %q", region, whole, code)
			}
			want, err := parse("+"+whole, "")
			if err != nil || len(want) != 1 {
				t.Errorf("%s: Parse(+%s) = %v", region, whole, err)
				continue
			}
			for _, prefix := range []string{"0", "00", "1", "8", "06", "80", "01", "02", "03", "09", "015", "031", "081", "17900", "1904", "1511", "1001", "1831", "003768"} {
				spelled := code + prefix + national
				n, err := phonenumbers.Parse("+"+spelled, "")
				if err != nil || !phonenumbers.IsValidNumber(n) || digitsOf(n) != whole {
					continue
				}
				got, err := parse("+"+spelled, "")
				if err == nil && !slices.Equal(got, want) {
					t.Errorf("%s: +%s %s %s is read as +%s by libphonenumber, as %q here", region, code, prefix, national, whole, got)
				}
			}
		}
	}
}

// A number that all libraries call valid must be readable, and keep its country.
func TestValidNumbersAreReadable(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil || kind == phonenumbers.TOLL_FREE {
				continue // nobody's WhatsApp number
			}
			whole := digitsOf(example)
			if len(whole) < minDigits {
				continue // a service
			}
			got, err := parse("+"+whole, "")
			if err != nil || len(got) != 1 || callingCode(string(got[0])) != strconv.Itoa(int(example.GetCountryCode())) {
				t.Errorf("%s: Parse(+%s) = %q, %v", region, whole, got, err)
			}
			for _, home := range []string{"1", "49", "55", "91"} {
				got, err := parse(whole, home)
				if err != nil || !slices.ContainsFunc(got, func(n Number) bool { return samePhone(n, whole) }) {
					t.Errorf("%s: Parse(%s, %s) = %q, %v", region, whole, home, got, err)
				}
			}
		}
	}
}

func samePhone(n Number, digits string) bool {
	other, err := ParseWaID(digits)
	return err == nil && other == n
}

func TestParseNumberProperties(t *testing.T) {
	homes := []string{"", "1", "7", "39", "49", "52", "54", "55", "91", "225", "229", "234"}
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`(55|52|521|54|549|225|229|39|49|1|7|91|378|992)?[0-9]{4,13}`).Draw(t, "digits")
		plus := rapid.Bool().Draw(t, "plus")
		home := rapid.SampledFrom(homes).Draw(t, "home")
		s := digits
		if plus {
			s = "+" + s
		}
		checkParse(t, s, home)
	})
}

// checkParse checks what must hold of every reading.
func checkParse(t interface {
	Helper()
	Errorf(string, ...any)
}, s, home string,
) {
	t.Helper()
	got, err := parse(s, home)
	if (err == nil) != (len(got) > 0) || len(got) > 2 {
		t.Errorf("Parse(%q, %q) = %q, %v", s, home, got, err)
	}
	for _, n := range got {
		again, err := ParseWaID(string(n))
		if err != nil || again != n {
			t.Errorf("the key %s of %q has the key %s, %v", n, s, again, err)
		}
		written, err := parse("+"+string(n), "")
		if err != nil || len(written) != 1 || written[0] != n {
			t.Errorf("the key %s of %q is read as %q, %v", n, s, written, err)
		}
	}
	formatted := strings.NewReplacer("1", "1 ", "5", "(5)", "7", "-7").Replace(" " + s)
	if other, err2 := parse(formatted, home); !slices.Equal(other, got) || (err == nil) != (err2 == nil) {
		t.Errorf("formatting changes Parse(%q, %q) from %q to %q", s, home, got, other)
	}
}

func FuzzNumber(f *testing.F) {
	for _, class := range classes {
		for _, s := range class {
			f.Add(s, "")
			f.Add("+"+s, "49")
		}
	}
	f.Add("(212) 555-0147", "91")
	f.Add("DE.55667788990011", "49")
	f.Fuzz(func(t *testing.T, s, home string) {
		checkParse(t, s, home)
		if n, err := ParseWaID(s); err == nil {
			again, err := ParseWaID(string(n))
			if err != nil || again != n {
				t.Errorf("the key %s of %q has the key %s, %v", n, s, again, err)
			}
		}
		CallingCode(s)
	})
}

func TestParseWaID(t *testing.T) {
	for s, want := range map[string]string{
		"4915112345678": "4915112345678", "+4915112345678": "4915112345678", "5511987654321": "551187654321",
		"": "", "+": "", "49 15112345678": "", "++4915112345678": "", "DE.123": "", "015112345678": "", "123": "", "1234567890123456": "",
	} {
		if got, err := ParseWaID(s); string(got) != want || (err == nil) != (want != "") {
			t.Errorf("ParseWaID(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
}

func TestCallingCode(t *testing.T) {
	for s, want := range map[string]string{
		"+49 30 555123": "49", "15550001111": "1", "+1 (555) 000-1111": "1", "77011234567": "7", "35312345678": "353", "+225 07 08 12 34 56": "225",
		"": "", "unknown": "", "49": "", "99912345678": "", "0301234567": "",
	} {
		if got := CallingCode(s); got != want {
			t.Errorf("CallingCode(%q) = %q, want %q", s, got, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, s, home string }{
		{"plus", "+4915112345678", "49"},
		{"formatted", "+49 (151) 123-45678", "49"},
		{"home", "919876543210", "91"},
		{"home-open-plan", "4915112345678", "49"},
		{"abroad", "4915112345678", "1"},
		{"national", "2125550147", "1"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parse(c.s, c.home); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

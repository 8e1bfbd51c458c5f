package cloudapi

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/waguard/waguard/policy"
)

// Two numbers that both are numbers of the plan as they stand are two lines, and
// must not be one person. The exceptions are documented: WhatsApp itself adds and
// drops the digit.
func TestTwoNumbersAreTwoPeople(t *testing.T) {
	documented := func(code, longer string) bool {
		return code == "54" && longer[2] == '9' || // Argentina's international 9
			code == "55" && longer[4] == '9' && !brazilianFixed(longer[5]) // Brazil's ninth digit
	}
	r := rand.New(rand.NewPCG(7, 7))
	found := 0
	for code, p := range plans() {
		for length := 4; length <= 13; length++ {
			if p.lengths&(1<<length) == 0 || len(code)+length > maxPhoneDigits || len(code)+length < minPhoneDigits {
				continue
			}
			for range 60 {
				digits := code + randomDigits(r, length)
				if !validAsIs(digits) {
					continue
				}
				ids, err := ReadPhone("+"+digits, "")
				if err != nil {
					continue // a service that is longer than any person's number
				}
				found++
				key := ids[0].Value
				if key != digits && validAsIs(key) && !documented(code, digits) {
					t.Errorf("+%s and +%s are both numbers, and share the key %s", digits, key, key)
				}
			}
		}
	}
	if found < 2000 {
		t.Errorf("only %d numbers were tried", found)
	}
}

// randomDigits are national digits, more often than not with a beginning that
// means something in some country.
func randomDigits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	switch r.IntN(6) {
	case 0:
		b[0] = '0'
	case 1:
		b[0] = '1'
	case 2:
		b[0] = '9'
	case 3:
		b[2] = '9'
	case 4:
		b[0], b[1] = '0', '0'
	}
	return string(b)
}

// A Brazilian fixed line and a mobile that differ in the ninth digit alone are two
// people in every area, whichever spelling.
func TestBrazilianFixedLine(t *testing.T) {
	for area := 11; area <= 99; area++ {
		for first := byte('0'); first <= '9'; first++ {
			eight := itoa(area) + string(first) + "4567890"
			nine := eight[:2] + "9" + eight[2:]
			a, errA := ReadPhone("+55"+eight, "")
			b, errB := ReadPhone("+55"+nine, "")
			if errA != nil || errB != nil {
				t.Fatalf("+55%s: %v, %v", eight, errA, errB)
			}
			if two := a[0] != b[0]; two != (first >= '2' && first <= '5') {
				t.Errorf("+55%s and +55%s: two people is %v", eight, nine, two)
			}
			former, changed := Former(b[0])
			if changed != (first >= '2' && first <= '5') || changed && former != a[0] {
				t.Errorf("+55%s had the key %s, changed: %v", nine, former.Value, changed)
			}
			if _, changed := Former(a[0]); changed {
				t.Errorf("+55%s had another key", eight)
			}
		}
	}
}

// homes are the countries of the businesses, abroad those of the people.
var (
	homes = []string{
		"DE", "AT", "CH", "IT", "ES", "FR", "GB", "NL", "PL", "TR", "US", "CA", "BR", "MX", "AR", "CO", "CL", "PE", "IN", "ID", "MY", "SG", "AE", "SA", "ZA", "NG", "KE", "AU",
	}
	abroad = []string{
		"DE", "AT", "CH", "IT", "ES", "FR", "GB", "NL", "PL", "TR", "US", "CA", "BR", "MX", "AR", "CO", "CL", "PE", "IN", "ID", "MY", "SG", "AE", "SA", "ZA", "NG", "KE", "AU",
		"PT", "BE", "SE", "NO", "DK", "FI", "IE", "GR", "CZ", "RO", "HU", "UA", "IL", "EG", "MA", "GH", "PK", "BD", "PH", "TH", "VN", "HK", "JP",
	}
)

// TestBareNumbersOfTheWorld has businesses of 28 countries write to 15,300 random
// mobile numbers of 51 countries as programs do, without plus. The person who wrote a
// second ago is known by these very digits, so they must be the one that is meant,
// whether or not the country of the business is known.
func TestBareNumbersOfTheWorld(t *testing.T) {
	const each = 300
	now := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(51, 300))
	numbers, refused, two, sends, readings := 0, 0, 0, 0, 0
	for _, region := range abroad {
		code := itoa(phonenumbers.GetCountryCodeForRegion(region))
		example := digitsOf(phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE))
		for i := range each {
			digits := randomMobile(r, region, example)
			want, err := ReadWaID(digits)
			if err != nil {
				t.Fatalf("%s: a webhook can't name +%s: %v", code, digits, err)
			}
			numbers++
			meant, ambiguous := true, false
			// Every home country meets every country of a person some forty times.
			for _, home := range []string{"", homes[i%len(homes)], homes[(i*5+7)%len(homes)], homes[(i*11+3)%len(homes)], homes[(i*13+9)%len(homes)]} {
				homeCode := ""
				if home != "" {
					homeCode = itoa(phonenumbers.GetCountryCodeForRegion(home))
				}
				sends++
				n, err := readNumber(digits, homeCode)
				if err != nil {
					meant = false
					continue
				}
				if len(n.readings) > 1 {
					readings++
				}
				s := policy.Send{Kind: policy.FreeForm, Type: "text", Bare: n.bare, To: n.readings, Digits: n.digits}
				f := policy.Facts{OnePerson: len(n.readings) == 1}
				for i, id := range n.readings {
					p := policy.PersonFacts{Contact: policy.ContactID{byte(i)}}
					if id == want {
						p.Known, p.Opened = true, policy.MomentOf(now.Add(-time.Second))
					}
					f.Persons = append(f.Persons, p)
				}
				d := policy.Decide(&s, &f, &policy.Policy{}, now)
				meant = meant && d.Verdict == policy.Allow && s.For(&d) == want
				ambiguous = ambiguous || len(policy.Judged(&s, &f, &policy.Policy{})) > 1
			}
			if !meant {
				refused++
				t.Errorf("%s: +%s as %s is refused or somebody else's for some business", region, want.Value, digits)
			}
			if ambiguous {
				two++
			}
		}
	}
	t.Logf("%d numbers in %d sends: %d numbers refused to a person who just wrote, %d judged as two people; %d sends have a second reading, which only an opt-out lets count",
		numbers, sends, refused, two, readings)
	if numbers != 51*each || refused > 0 || two > 0 {
		t.Errorf("of %d numbers %d are refused and %d judged as two people, want none", numbers, refused, two)
	}
}

// randomMobile is a number of the plan, made of an example by changing what
// stands behind its first digits.
func randomMobile(r *rand.Rand, region, example string) string {
	code := itoa(phonenumbers.GetCountryCodeForRegion(region))
	for {
		b := []byte(example)
		for i := len(code); i < len(b); i++ {
			if r.IntN(8) > 0 {
				b[i] = byte('0' + r.IntN(10))
			}
		}
		n, err := phonenumbers.Parse("+"+string(b), "")
		if err != nil || digitsOf(n) != string(b) {
			continue
		}
		kind := phonenumbers.GetNumberType(n)
		if kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE && phonenumbers.GetRegionCodeForNumber(n) == region {
			return string(b)
		}
	}
}

// An error about a number names the character that doesn't belong there, and
// nothing of the number.
func TestPhoneCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"+49\u200b15112345678":  "a zero-width space (U+200B)",
		"\ufeff+4915112345678":  "a zero-width no-break space, or byte order mark (U+FEFF)",
		"+49\u2060 15112345678": "a word joiner (U+2060)",
		"+49\u00a015112345678":  "a no-break space (U+00A0)",
		"+49\u202f15112345678":  "a narrow no-break space (U+202F)",
		"+49\u200515112345678":  "an unusual space (U+2005)",
		"\u200f+4915112345678":  "a right-to-left mark (U+200F)",
		"\u202a+4915112345678":  "a left-to-right embedding (U+202A)",
		"\u2066+4915112345678":  "a left-to-right isolate (U+2066)",
		"+4915112345678\u202c":  "a pop directional formatting (U+202C)",
		"＋4915112345678":        "a full-width plus (U+FF0B)",
		"+49‐15112345678":       "a typographic hyphen (U+2010)",
		"+49–15112345678":       "an en dash (U+2013)",
		"+49−15112345678":       "a minus sign (U+2212)",
		"+٤٩15112345678":        "a digit of the Arabic script",
		"+४९15112345678":        "a digit of the Devanagari script",
		"+４９15112345678":        "a full-width digit (U+FF10 to U+FF19)",
		"+4915112345678²":       "a character that stands for a number and is no digit from 0 to 9",
		"+49\t15112345678":      "a tab (U+0009)",
		"+4915112345678\n":      "a line feed (U+000A)",
		"+4915112345678\r":      "a carriage return (U+000D)",
		"+49\x00":               "a NUL (U+0000)",
		"+49\x0115112345678":    "an invisible character (U+0001)",
		"+49\u00ad15112345678":  "a soft hyphen (U+00AD)",
		"+49\u180e15112345678":  "a Mongolian vowel separator (U+180E)",
		"+4915112345678\u0301":  "a combining mark (U+0301)",
		"+49.151.12345678":      "a dot (U+002E)",
		"+49/15112345678":       "a slash (U+002F)",
		"+491511234567O":        "a letter",
		"+491511234567О":        "a letter of another alphabet (U+041E)",
		"+49\xff15112345678":    "a byte that is no UTF-8",
		"+4915112345678💬":       "the character U+1F4AC",
	} {
		_, err := ReadPhone(in, "49")
		if err == nil || !strings.HasPrefix(err.Error(), "it holds "+want+",") {
			t.Errorf("ReadPhone(%+q) says %v, want %q", in, err, want)
			continue
		}
		rest := codePoint.ReplaceAllString(err.Error(), "")
		if strings.ContainsAny(strings.NewReplacer("0 to 9", "", "UTF-8", "").Replace(rest), "0123456789") {
			t.Errorf("the error for %+q quotes digits: %v", in, err)
		}
	}
}

// Meta's answer names somebody else if its number is no other spelling of the one
// that was judged.
func TestElsewhere(t *testing.T) {
	user := policy.Identity{Kind: policy.BSUID, Value: "DE.1"}
	for _, c := range []struct {
		name           string
		judged, answer string
		want           bool
	}{
		{"same", "4915112345678", "4915112345678", false},
		{"brazil/ninth-digit", "5511987654321", "551187654321", false},
		{"brazil/fixed-line", "5511932654321", "551132654321", true},
		{"mexico", "525512345678", "5215512345678", false},
		{"argentina", "541123456789", "5491123456789", false},
		{"other-country", "3212345678", "13212345678", true},
		{"neighbour", "4915112345678", "4915112345679", true},
		{"renumbered-somehow", "22170012345", "221770012345", false},
		{"two-numbers-that-end-alike", "4930123456", "49301123456", true},
		{"no-number", "4915112345678", "", false},
	} {
		judged, err := ReadWaID(c.judged)
		if err != nil {
			t.Fatal(err)
		}
		learned := []policy.Identity{user}
		if c.answer != "" {
			id, err := ReadWaID(c.answer)
			if err != nil {
				t.Fatal(err)
			}
			learned = append(learned, id)
		}
		if got := Elsewhere(learned, judged); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if Elsewhere([]policy.Identity{phone("4915112345678")}, user) {
		t.Error("the number of a person named by user id is taken for somebody else's")
	}
}

// The field says what a user id is.
func TestUserIDByField(t *testing.T) {
	const plain, ent = "US.1182", "US.ENT.1182"
	r := new(reader)
	for _, c := range []struct {
		userID, parent loose
		want           []policy.Identity
	}{
		{plain, "", []policy.Identity{{Kind: policy.BSUID, Value: plain}}},
		{"", plain, []policy.Identity{{Kind: policy.ParentBSUID, Value: plain}}},
		{"", ent, []policy.Identity{{Kind: policy.ParentBSUID, Value: ent}}},
		{ent, "", []policy.Identity{{Kind: policy.BSUID, Value: ent}}},
		{plain, plain, []policy.Identity{{Kind: policy.BSUID, Value: plain}, {Kind: policy.ParentBSUID, Value: plain}}},
	} {
		got := r.names("", c.userID, c.parent)
		if len(got) != len(c.want) || got[0] != c.want[0] || got[len(got)-1] != c.want[len(c.want)-1] {
			t.Errorf("user_id %q, parent_user_id %q: got %#v of kinds", c.userID, c.parent, got)
		}
	}
	if id, err := ReadUserID(ent); err != nil || id.Kind != policy.ParentBSUID {
		t.Errorf("a recipient %s is of kind %d, %v", ent, id.Kind, err)
	}
}

package cloudapi

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

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
		code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
		example := digitsOf(phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE))
		for i := range each {
			digits := randomMobile(r, region, example)
			want, err := identity.WaID(digits)
			if err != nil {
				t.Fatalf("%s: a webhook can't name +%s: %v", code, digits, err)
			}
			numbers++
			meant, ambiguous := true, false
			// Every home country meets every country of a person some forty times.
			for _, home := range []string{"", homes[i%len(homes)], homes[(i*5+7)%len(homes)], homes[(i*11+3)%len(homes)], homes[(i*13+9)%len(homes)]} {
				homeCode := ""
				if home != "" {
					homeCode = strconv.Itoa(phonenumbers.GetCountryCodeForRegion(home))
				}
				sends++
				n, err := phone.Parse(digits, homeCode)
				if err != nil {
					meant = false
					continue
				}
				if n.Second != "" {
					readings++
				}
				s := policy.Send{Kind: policy.FreeForm, Type: "text", Bare: bare[n.Form], To: identity.Phones(n), Digits: n.Digits}
				f := policy.Facts{OnePerson: n.Second == ""}
				for i, id := range s.To {
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
	code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
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

func digitsOf(n *phonenumbers.PhoneNumber) string {
	return strconv.Itoa(int(n.GetCountryCode())) + phonenumbers.GetNationalSignificantNumber(n)
}

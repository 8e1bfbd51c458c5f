package webhook

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// TestAccountEvents reads what each field tells operators: how bad, what, about
// which account, number or template, and in a few words more.
func TestAccountEvents(t *testing.T) {
	for _, test := range []struct{ field, value, want string }{
		{"phone_number_quality_update", `{"display_phone_number":"16505551111","event":"FLAGGED","current_limit":"TIER_1K","old_limit":"TIER_10K"}`, `warning FLAGGED 900 16505551111 "limit TIER_1K, before TIER_10K"`},
		{"phone_number_quality_update", `{"display_phone_number":"+1 650-555-1111","event":"UNFLAGGED"}`, `info UNFLAGGED 900 16505551111 ""`},
		{"phone_number_quality_update", `{"event":"DOWNGRADE","current_limit":"TIER_250"}`, `warning DOWNGRADE 900 "limit TIER_250"`},
		{"phone_number_quality_update", `{"event":"THROUGHPUT_UPGRADE","max_daily_conversations_per_business":"TIER_UNLIMITED"}`, `info THROUGHPUT_UPGRADE 900 "limit TIER_UNLIMITED"`},
		{"business_capability_update", `{"max_daily_conversations_per_business":"TIER_2K","max_phone_numbers_per_business":25}`, `info LIMITS 900 "conversations a day TIER_2K, numbers 25"`},
		{"business_capability_update", `{"max_daily_conversation_per_phone":-1,"max_phone_numbers_per_waba":2}`, `info LIMITS 900 "conversations a day -1, numbers 2"`},
		{"account_update", `{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1791686400},{"restriction_type":"RESTRICTED_ADD_PHONE_NUMBER_ACTION"}]}`, `critical ACCOUNT_RESTRICTION 900 "restriction RESTRICTED_BIZ_INITIATED_MESSAGING, until 2026-10-11T02:40:00Z, restriction RESTRICTED_ADD_PHONE_NUMBER_ACTION"`},
		{"account_update", `{"event":"ACCOUNT_VIOLATION","violation_info":{"violation_type":"SPAM"}}`, `warning ACCOUNT_VIOLATION 900 "for SPAM"`},
		{"account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"SCHEDULE_FOR_DISABLE","waba_ban_date":"October 12, 2026"}}`, `critical DISABLED_UPDATE 900 "state SCHEDULE_FOR_DISABLE, on October 12, 2026"`},
		{"account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"REINSTATE"}}`, `info DISABLED_UPDATE 900 "state REINSTATE"`},
		{"account_update", `{"event":"ACCOUNT_DELETED"}`, `critical ACCOUNT_DELETED 900 ""`},
		{"account_update", `{"event":"PARTNER_ADDED","waba_info":{"waba_id":"901","owner_business_id":"17"}}`, `info PARTNER_ADDED 901 ""`},
		{"account_update", `{"event":"PARTNER_REMOVED","waba_info":{"waba_id":901}}`, `warning PARTNER_REMOVED 901 ""`},
		{"account_update", `{"event":"VOLUME_BASED_PRICING_TIER_UPDATE","volume_tier_info":{"effective_month":"2026-11","pricing_category":"UTILITY","region":"INDIA","tier":"25000001:50000000"}}`, `info VOLUME_BASED_PRICING_TIER_UPDATE 900 "tier 25000001:50000000, in INDIA, for UTILITY, from 2026-11"`},
		{"account_update", `{"event":"BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE","country":"DE"}`, `info BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE 900 "country DE"`},
		{"account_update", `{"event":"AUTH_INTL_PRICE_ELIGIBILITY_UPDATE"}`, `info AUTH_INTL_PRICE_ELIGIBILITY_UPDATE 900 ""`},
		{"account_update", `{"event":"MM_LITE_TERMS_SIGNED"}`, `info MM_LITE_TERMS_SIGNED 900 ""`},
		{"account_update", `{"event":"SOMETHING_NEW"}`, `info SOMETHING_NEW 900 ""`},
		{"account_alerts", `{"entity_type":"WABA","entity_id":"900","alert_severity":"CRITICAL","alert_status":"ACTIVE","alert_type":"OBA_APPROVED","alert_description":"Call +1 650 555 1111\nabout it"}`, `critical OBA_APPROVED 900 "status ACTIVE, Call … about it"`},
		{"account_alerts", `{"entity_type":"PHONE_NUMBER","entity_id":"104455667788","alert_info":{"alert_severity":"WARNING","alert_type":"QUALITY"}}`, `warning QUALITY 900 104455667788 ""`},
		{"account_alerts", `{"alert_severity":"INFORMATIONAL"}`, `info ALERT 900 ""`},
		{"account_review_update", `{"decision":"REJECTED","rejection_reason":"NAME"}`, `critical REJECTED 900 "because of NAME"`},
		{"account_review_update", `{"decision":"APPROVED"}`, `info APPROVED 900 ""`},
		{"phone_number_name_update", `{"display_phone_number":"16505551111","decision":"REJECTED","requested_verified_name":"X","rejection_reason":"NAME_EMPLOYEE_ISSUE"}`, `warning REJECTED 900 16505551111 "because of NAME_EMPLOYEE_ISSUE"`},
		{"business_username_update", `{"display_phone_number":"16505551111","username":"shop","status":"approved"}`, `info approved 900 16505551111 ""`},
		{"security", `{"display_phone_number":"16505551111","event":"PIN_RESET_REQUEST","requester":"998877"}`, `warning PIN_RESET_REQUEST 900 16505551111 ""`},
		{"payment_configuration_update", `{"status":"Active"}`, `info Active 900 ""`},
		{"message_template_quality_update", `{"previous_quality_score":"YELLOW","new_quality_score":"GREEN","message_template_name":"sale","message_template_language":"en-US"}`, `info GREEN 900 sale/en_US "before YELLOW"`},
		{"message_template_status_update", `{"new_quality_score":"YELLOW","message_template_name":"sale","message_template_language":"en"}`, `warning YELLOW 900 sale/en ""`},
		{"message_template_status_update", `{"event":"DISABLED","reason":"NONE","message_template_name":"sale","message_template_language":"en","disable_info":{"disable_date":1791686400}}`, `warning DISABLED 900 sale/en "from 2026-10-11T02:40:00Z"`},
		{"message_template_status_update", `{"event":"REJECTED","reason":"INCORRECT_CATEGORY","message_template_name":"sale","message_template_language":"en"}`, `warning REJECTED 900 sale/en "because of INCORRECT_CATEGORY"`},
		{"template_category_update", `{"previous_category":"MARKETING","new_category":"UTILITY","message_template_name":"sale","message_template_language":"en"}`, `info CATEGORY_CHANGED 900 sale/en "now UTILITY, before MARKETING"`},
		{"messages", `{"metadata":{"phone_number_id":"1"},"errors":[{"code":131016,"title":"Service unavailable"}]}`, `warning ERROR 900 1 "code 131016, Service unavailable"`},
		{"messages", `{"metadata":{"phone_number_id":"1"},"statuses":[{"id":"wamid.A","status":"failed"}],"errors":[{"code":131050}]}`, ""},

		{"account_update", `{}`, ""},
		{"account_update", `[]`, ""},
		{"account_update", `{"event":{"a":1},"restriction_info":"x"}`, ""},
		{"template_category_update", `{"message_template_name":"sale"}`, ""},
		{"account_update", `{"event":"` + strings.Repeat("A", 5000) + `\u0000\n"}`, "info " + strings.Repeat("A", shortText) + ` 900 ""`},
	} {
		body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"900","time":1791600000,"changes":[{"field":%q,"value":%s}]}]}`, test.field, test.value)
		var got []string
		for _, e := range parse(t, []byte(body)).Events {
			if e, ok := e.(policy.AccountEvent); ok {
				if e.At != 1791600000_000 {
					t.Errorf("%s is at %d", body, e.At)
				}
				line := tell(e)
				got = append(got, strings.TrimSuffix(strings.Replace(line, " "+string(e.Kind)+" ", " ", 1), " at 1791600000"))
			}
		}
		if joined := strings.Join(got, "; "); joined != test.want {
			t.Errorf("%s %s tells\n\t%s\nwant\n\t%s", test.field, test.value, joined, test.want)
		}
	}
}

// An event without a time is the same event when it is delivered again.
func TestAccountEventWithoutTime(t *testing.T) {
	body := []byte(`{"object":"whatsapp_business_account","entry":[{"id":"900","changes":[{"field":"account_update","value":{"event":"ACCOUNT_VIOLATION"}}]}]}`)
	first, err := Parse(body, Options{Now: arrival.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(body, Options{Now: arrival.Add(20 * time.Minute)})
	if err != nil || len(first.Events) != 1 || !reflect.DeepEqual(first, again) {
		t.Errorf("told %v, then %v, %v", tellAll(first.Events), tellAll(again.Events), err)
	}
}

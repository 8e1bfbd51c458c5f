package adminapi

import "time"

// Numbers is what is known about the business phone numbers.
type Numbers struct {
	// Time is when this was so.
	Time    time.Time `json:"time"`
	Numbers []Number  `json:"numbers"`
	// SendsSince is from when on sends were counted.
	SendsSince time.Time `json:"sends_since"`
	// WindowsEstimated: the counts of open windows are estimates.
	WindowsEstimated bool `json:"windows_estimated,omitempty"`
}

// Number is a business phone number.
type Number struct {
	PhoneNumberID string `json:"phone_number_id"`
	Business      string `json:"business,omitempty"`
	// Number is what people see of it, in digits.
	Number string `json:"number,omitempty"`
	WABA   string `json:"waba,omitempty"`
	// Mode is enforce, monitor or not_served. Listed: it has settings of its own.
	Mode   string `json:"mode"`
	Listed bool   `json:"listed"`
	// OpenWindows is with how many people the customer service window is open.
	OpenWindows int        `json:"open_windows"`
	LastWebhook *time.Time `json:"last_webhook,omitempty"`
	Sends       int        `json:"sends"`
	LastSend    *time.Time `json:"last_send,omitempty"`
	// Silent: it has sent for a day or longer without a webhook.
	Silent bool `json:"silent,omitempty"`
	// Quality is the newest account event on its quality or limit.
	Quality *EventLine `json:"quality,omitempty"`
}

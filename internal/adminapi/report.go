package adminapi

// ReportSelection is what the route of the report takes, as query parameters. It
// answers a billing.Report.
type ReportSelection struct {
	Selection
	// MessageClass counts one class of messages alone.
	MessageClass string `json:"message_class,omitempty"`
}

// MessageClassNotification is the one message class there is: templates sent while
// no customer service window was open, which policies call push notifications.
const MessageClassNotification = "notification"

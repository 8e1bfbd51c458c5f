package adminapi

// ReportSelection is what the route of the report takes, as query parameters. It
// answers a billing.Report.
type ReportSelection struct {
	Selection
	// MessageClass counts one class of messages alone; there is
	// billing.Notification.
	MessageClass string `json:"message_class,omitempty"`
}

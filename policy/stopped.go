package policy

// stoppedMarketing is the error code with which Meta refuses or fails a message
// because the person stopped marketing messages from the business.
const stoppedMarketing = 131050

// OptOutByError is the opt-out that an error of Meta's means, whether it comes as
// the answer to a send or as the status of one that was accepted; false where it
// means none. ref is the evidence. Who said it is for the caller to add.
func OptOutByError(errorCode int, phoneNumberID string, at Moment, ref string) (ConsentChanged, bool) {
	if errorCode != stoppedMarketing {
		return ConsentChanged{}, false
	}
	return StoppedMarketing(phoneNumberID, at, ref), true
}

// StoppedMarketing is the opt-out of a person of whom Meta says that they stopped
// marketing messages from the business.
func StoppedMarketing(phoneNumberID string, at Moment, ref string) ConsentChanged {
	return ConsentChanged{
		PhoneNumberID: phoneNumberID, At: at, State: OptedOut, Scopes: []Scope{Marketing}, Source: SourceMeta131050, Ref: ref,
	}
}

// OptOut is the opt-out that a status means; false where it means none.
func (e *StatusChanged) OptOut() (ConsentChanged, bool) {
	if e.Status != StatusFailed {
		return ConsentChanged{}, false
	}
	optOut, ok := OptOutByError(e.ErrorCode, e.PhoneNumberID, max(e.At, e.Told), e.Wamid)
	optOut.Who = e.Who
	return optOut, ok
}

package policy

// stoppedMarketing is the error code with which Meta refuses or fails a message
// because the person stopped marketing messages from the business.
const stoppedMarketing = 131050

// StopsMarketing reports that an error of Meta's is an opt-out of the person from
// marketing messages, whether it comes as the answer to a send or as the status
// of one that was accepted.
func StopsMarketing(errorCode int) bool { return errorCode == stoppedMarketing }

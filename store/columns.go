package store

// columnsOf are what people look for an entry by.
func columnsOf(e *Entry) *Columns {
	return &Columns{
		PhoneNumberID: e.Send.PhoneNumberID, Rule: string(e.Decision.Rule), Template: e.Send.Template.Name,
		Sender: e.Sender, Token: e.Token,
		Business: e.Business, WABA: e.WABA, Verdict: e.Tag(), Outcome: string(e.Outcome.State),
		Category: string(e.Estimated()), Market: e.Market, Price: e.Price, Tags: e.Tags,
	}
}

// ColumnsOf are the columns of a line as it was entered and settled: what an engine that
// keeps columns would have been told. The account of its template isn't in it.
func ColumnsOf(l *Line) (*Columns, error) {
	var e Entry
	if err := decode(l.Data, &e); err != nil {
		return nil, err
	}
	c := columnsOf(&e)
	if l.Settled == nil {
		return c, nil
	}
	var s settlement
	if err := decode(l.Settled, &s); err != nil {
		return nil, err
	}
	c.Outcome = string(s.Outcome.State)
	return c, nil
}

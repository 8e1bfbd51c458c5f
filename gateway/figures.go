package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Figures fetches by itself what Meta says that it charges each account for, keeps it, and
// tells where statuses say otherwise.
type Figures struct {
	*Gateway
	Log *zap.Logger
	// Every is how often an account is asked for.
	Every time.Duration
	// AlertBelow is how much of a day must match at least; zero tells of nothing.
	AlertBelow billing.Share
	// Get asks Meta for what stands at a target of its API.
	Get func(ctx context.Context, target string) (status int, body []byte, err error)

	// mu guards accounts and what they hold.
	mu       sync.Mutex
	accounts map[string]*figured
	// fetching: one at a time fetches.
	fetching turn
}

// figured is how it stands with an account.
type figured struct {
	// due is when it is asked for next.
	due time.Time
	// done is when Meta last answered to the end; zero where it never did. err says why it
	// didn't the last time, or why what it said can't be compared; failures how often in a row.
	done     time.Time
	err      error
	failures int
	// judged is the newest day that can be judged; nil where there is none.
	judged *JudgedDay
}

// JudgedDay is how statuses and Meta's figures of a day compare.
type JudgedDay struct {
	Day string
	billing.Matched
	// Causes are those of differences between both.
	Causes []billing.CauseSum
	// Below: less matches than should.
	Below bool
}

// FiguresState is how it stands with an account.
type FiguresState struct {
	WABA string
	// Done is when Meta last answered; zero where it never did. Err says why it didn't the
	// last time, as a [Problem] of the kind [Unreached], or why what it said can't be compared.
	Done time.Time
	Err  error
	// Next is when it is asked next.
	Next time.Time
	// Judged is the newest day that can be judged; nil where there is none.
	Judged *JudgedDay
}

const (
	// figureDays is how many days before today are asked for each time: so long webhooks are
	// delivered again, and Meta's figures may change.
	figureDays = 8
	// figureBacklog is how many days are asked for at most, where older ones are lacking:
	// this month and the one before.
	figureBacklog = 62
	// daysAtOnce is how many days one question asks for, without the two around.
	daysAtOnce = 14
	// figuresKept is for how many days Meta keeps its figures: a year, of which the first day
	// asked for has one before.
	figuresKept = 364
	// settledAfter is how long after its end a day is judged.
	settledAfter = 24 * time.Hour
	// lastRetry is how long after a failure an account is asked for again at the most: what is
	// wrong for days, such as the token, is mended at any time.
	lastRetry = time.Hour
	// mostFigurePages bounds an answer.
	mostFigurePages = 100
)

// Due fetches the figures of the accounts whose time has come.
func (f *Figures) Due(ctx context.Context) {
	accounts, err := f.known(ctx)
	if err != nil {
		f.Often.Log(f.Now(), f.Log, zap.WarnLevel, "could not find out for which accounts to ask what Meta charges", zap.Error(err))
		return
	}
	for _, a := range accounts {
		f.mu.Lock()
		due := !f.Now().Before(f.accounts[a.waba].due)
		f.mu.Unlock()
		if due && ctx.Err() == nil {
			_ = f.fetchRecent(ctx, a) // which logs what fails
		}
	}
}

// State is how it stands with each account, in the order of their ids.
func (f *Figures) State() []FiguresState {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]FiguresState, 0, len(f.accounts))
	for waba, a := range f.accounts {
		list = append(list, FiguresState{WABA: waba, Done: a.done, Err: a.err, Next: a.due, Judged: a.judged})
	}
	slices.SortFunc(list, func(a, b FiguresState) int { return cmp.Compare(a.WABA, b.WABA) })
	return list
}

// known are the accounts that are billed. One that is new is due, unless it was asked for not
// long ago: a reload asks for none again.
func (f *Figures) known(ctx context.Context) ([]*billedAccount, error) {
	st, err := f.Open()
	if err != nil {
		return nil, err
	}
	accounts, err := f.billedAccounts(ctx, st)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		f.mu.Lock()
		known := f.accounts[a.waba] != nil
		f.mu.Unlock()
		if known {
			continue
		}
		is, err := f.found(ctx, st, a)
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		if f.accounts == nil {
			f.accounts = make(map[string]*figured)
		}
		f.accounts[a.waba] = is
		f.mu.Unlock()
	}
	return accounts, nil
}

// found is how it stands with an account by what is kept.
func (f *Figures) found(ctx context.Context, st store.Store, a *billedAccount) (*figured, error) {
	now := f.Now()
	is := &figured{due: now}
	today := billing.Day(now, a.zone)
	days, err := st.Figures(ctx, a.waba, daysLater(today, -figureBacklog), daysLater(today, 1))
	if err != nil || len(days) == 0 {
		return is, err
	}
	is.done = days[len(days)-1].At.Time()
	if is.judged, err = f.newest(ctx, st, a); err != nil {
		return is, ctx.Err() // which is told of when it is fetched
	}
	if next := is.done.Add(f.Every); next.After(now) {
		is.due = next
	}
	return is, nil
}

// fetchRecent asks for the days that may still change, and those that are lacking, and says
// when to again.
func (f *Figures) fetchRecent(ctx context.Context, a *billedAccount) error {
	if err := f.fetching.take(ctx); err != nil {
		return err
	}
	defer f.fetching.give()
	now := f.Now()
	f.mu.Lock()
	before := f.accounts[a.waba].judged
	f.mu.Unlock()
	judged, err := f.recent(ctx, a, before)
	if ctx.Err() != nil {
		return ctx.Err() // the configuration is gone: that is no failure
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	is := f.accounts[a.waba]
	if is.err = err; !unreached(err) {
		is.done = now
	}
	if err == nil {
		is.failures, is.judged, is.due = 0, judged, now.Add(jittered(f.Every))
		f.Log.Debug("fetched what Meta charges an account for", zap.String("waba", a.waba))
		return nil
	}
	wait := min(firstRetry<<min(is.failures, 20), lastRetry)
	is.failures++
	is.due = now.Add(jittered(wait))
	failed := "could not compare what Meta charges an account for"
	if unreached(err) {
		failed = "could not fetch what Meta charges an account for"
	}
	f.Log.Warn(failed, zap.String("waba", a.waba), zap.Error(err), zap.Time("again", is.due))
	return err
}

// unreached reports that Meta didn't answer.
func unreached(err error) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Kind == Unreached
}

// recent fetches, judges the days from the one judged before on, and tells. It returns the
// newest one.
func (f *Figures) recent(ctx context.Context, a *billedAccount, before *JudgedDay) (newest *JudgedDay, err error) {
	st, err := f.Open()
	if err != nil {
		return nil, err
	}
	today := billing.Day(f.Now(), a.zone)
	from := daysLater(today, -figureBacklog)
	days, err := st.Figures(ctx, a.waba, from, today)
	if err != nil {
		return nil, err
	}
	for _, d := range days { // without a gap, and none that was asked for too early
		if ok, err := settled(d, a.zone); err != nil {
			return nil, err
		} else if !ok || d.Day != from {
			break
		}
		from = daysLater(from, 1)
	}
	from = min(from, daysLater(today, -figureDays))
	if err := f.fetch(ctx, st, a, from, daysLater(today, 1)); err != nil {
		return nil, err
	}
	if before == nil {
		if newest, err = f.newest(ctx, st, a); err != nil || newest == nil {
			return nil, err
		}
		return newest, f.tell(ctx, st, a, newest)
	}
	// Also where a day was missed: each that matches too little is told of.
	end := f.unjudged(a)
	for day := max(before.Day, daysLater(end, -figureDays)); day < end; day = daysLater(day, 1) {
		judged, err := f.judge(ctx, st, a, day)
		if err != nil {
			return nil, err
		}
		if judged == nil {
			continue
		}
		if err := f.tell(ctx, st, a, judged); err != nil {
			return nil, err
		}
		newest = judged
	}
	return newest, nil
}

// fetchNow asks for the figures of some days.
func (f *Figures) fetchNow(ctx context.Context, st store.Store, a *billedAccount, from, to string) error {
	if err := f.fetching.take(ctx); err != nil {
		return err
	}
	defer f.fetching.give()
	today := billing.Day(f.Now(), a.zone)
	if oldest := daysLater(today, -figuresKept); from < oldest {
		return misasked(fmt.Errorf("no days before %s can be fetched: Meta keeps its figures for a year", oldest))
	}
	if err := f.fetch(ctx, st, a, from, min(to, daysLater(today, 1))); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if is := f.accounts[a.waba]; is != nil && is.err != nil {
		is.due = f.Now() // what was in the way is mended
	}
	return nil
}

// fetch asks for the figures of some days, and keeps them.
func (f *Figures) fetch(ctx context.Context, st store.Store, a *billedAccount, from, to string) error {
	currency := f.currency(ctx, a.waba)
	for begin := from; begin < to; begin = daysLater(begin, daysAtOnce) {
		end := min(daysLater(begin, daysAtOnce), to)
		at := f.now()
		told, err := f.ask(ctx, a, begin, end)
		if err != nil {
			return &Problem{Kind: Unreached, Err: err}
		}
		byDay := make(map[string]*store.Figures)
		for day := begin; day < end; day = daysLater(day, 1) { // also those without traffic
			byDay[day] = &store.Figures{WABA: a.waba, Day: day, At: at, Currency: cmp.Or(told.Currency, currency)}
		}
		for _, p := range told.Points {
			if d := byDay[p.Day(a.zone)]; d != nil { // of the days around there may be a part
				d.Points = append(d.Points, p)
			}
		}
		for day := begin; day < end; day = daysLater(day, 1) {
			if err := st.PutFigures(ctx, byDay[day]); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask asks Meta for the figures of some days, and a day around: where its days begin at
// another time, only those between are whole.
func (f *Figures) ask(ctx context.Context, a *billedAccount, from, to string) (*billing.Analytics, error) {
	begin, err := billing.Midnight(daysLater(from, -1), a.zone)
	if err != nil {
		return nil, err
	}
	end, err := billing.Midnight(daysLater(to, 1), a.zone)
	if err != nil {
		return nil, err
	}
	if now := f.Now(); end.After(now) {
		end = now
	}
	field := fmt.Sprintf(`pricing_analytics.start(%d).end(%d).granularity(DAILY).metric_types(["COST","VOLUME"]).dimensions(["PHONE","COUNTRY","PRICING_CATEGORY","PRICING_TYPE","TIER"])`, begin.Unix(), end.Unix())
	target := "/v25.0/" + a.waba + "?" + url.Values{"fields": {field}}.Encode()
	var answers bytes.Buffer
	for range mostFigurePages {
		body, err := f.page(ctx, target)
		if err != nil {
			return nil, err
		}
		if answers.Len()+len(body) >= billing.LargestAnalytics {
			return nil, fmt.Errorf("the answer about %s to %s is larger than %d MiB", from, to, billing.LargestAnalytics>>20)
		}
		answers.Write(body)
		answers.WriteByte('\n')
		next, err := pageAfter(body)
		if err != nil {
			return nil, err
		}
		if next == nil {
			told, err := billing.ReadAnalytics(answers.Bytes())
			if err != nil {
				return nil, fmt.Errorf("what Meta answers can't be read: %w", err)
			}
			if told.WABA != "" && told.WABA != a.waba {
				return nil, errors.New("the answer is about another account")
			}
			return told, nil
		}
		target = "/v25.0/" + a.waba + "/pricing_analytics?" + next.Encode()
	}
	return nil, fmt.Errorf("the answer has more than %d pages", mostFigurePages)
}

func (f *Figures) page(ctx context.Context, target string) ([]byte, error) {
	status, body, err := f.Get(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("asking Meta what it charges: %w", err)
	}
	if status != http.StatusOK {
		return nil, refusedList("reconcile", status, body)
	}
	return body, nil
}

// pageAfter is what asks for the page after one; nil where that is the last. Of the link only
// the parameters are followed, at the upstream, and with the token that is configured.
func pageAfter(body []byte) (url.Values, error) {
	type page struct {
		Paging struct {
			Next string `json:"next"`
		} `json:"paging"`
	}
	var answer struct {
		page
		Field page `json:"pricing_analytics"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	link := cmp.Or(answer.Field.Paging.Next, answer.Paging.Next)
	if link == "" {
		return nil, nil
	}
	_, query, _ := strings.Cut(link, "?")
	next, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the link to the next page can't be read")
	}
	next.Del("access_token")
	return next, nil
}

// currency is the one that Meta bills an account in; "" where it doesn't say. A token that may
// see the figures need not be one that may see that.
func (f *Figures) currency(ctx context.Context, waba string) billing.Currency {
	status, body, err := f.Get(ctx, "/v25.0/"+waba+"?fields=currency")
	var answer struct {
		Currency string `json:"currency"`
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(body, &answer) != nil {
		return ""
	}
	currency, err := billing.ParseCurrency(answer.Currency)
	if err != nil {
		return ""
	}
	return currency
}

// keptFigures are those that the gateway has of some days; nil where it has none.
func keptFigures(ctx context.Context, st store.Store, waba, from, to string) (*billing.Analytics, error) {
	// Those of the day before and of the one after tell what came over midnight.
	days, err := st.Figures(ctx, waba, daysLater(from, -1), daysLater(to, 1))
	if err != nil || len(days) == 0 {
		return nil, err
	}
	return analyticsOf(waba, days), nil
}

// analyticsOf are figures as those in a file.
func analyticsOf(waba string, days []*store.Figures) *billing.Analytics {
	told := &billing.Analytics{WABA: waba, Phones: true, Countries: true, Categories: true, Types: true}
	has := make(map[string]bool)
	for _, d := range days {
		has[d.Day] = true
		told.Currency = cmp.Or(d.Currency, told.Currency)
		told.Points = append(told.Points, d.Points...)
	}
	told.Covers = func(day string) bool { return has[day] }
	return told
}

// settled reports whether Meta was asked for a day when that had been over for a while.
func settled(d *store.Figures, zone *time.Location) (bool, error) {
	end, err := billing.Midnight(daysLater(d.Day, 1), zone)
	return err == nil && !d.At.Time().Before(end.Add(settledAfter)), err
}

// unjudged is the first day that hasn't been over for long enough to be judged.
func (f *Figures) unjudged(a *billedAccount) string {
	return billing.Day(f.Now().Add(-settledAfter), a.zone)
}

// newest judges the newest day that can be; nil where there is none.
func (f *Figures) newest(ctx context.Context, st store.Store, a *billedAccount) (*JudgedDay, error) {
	end := f.unjudged(a)
	for n := range figureDays {
		if judged, err := f.judge(ctx, st, a, daysLater(end, -1-n)); err != nil || judged != nil {
			return judged, err
		}
	}
	return nil, nil
}

// judge compares a day; nil where Meta's figures were asked for too early, or there is nothing
// in them nor in statuses.
func (f *Figures) judge(ctx context.Context, st store.Store, a *billedAccount, day string) (*JudgedDay, error) {
	next := daysLater(day, 1)
	days, err := st.Figures(ctx, a.waba, daysLater(day, -1), daysLater(next, 1))
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(days, func(d *store.Figures) bool { return d.Day == day })
	if at < 0 {
		return nil, nil
	}
	if ok, err := settled(days[at], a.zone); err != nil || !ok {
		return nil, err
	}
	r, err := f.reconcile(ctx, st, a, &ReconcileSelection{From: day, To: next}, analyticsOf(a.waba, days))
	if err != nil {
		return nil, err
	}
	least, ok := r.Least()
	if !ok {
		return nil, nil
	}
	judged := &JudgedDay{Day: day, Matched: r.Matched, Below: least < f.AlertBelow}
	for _, c := range r.Causes {
		if c.Step == billing.ToBilled {
			judged.Causes = append(judged.Causes, c)
		}
	}
	return judged, nil
}

// tell makes it an event that less of a day matches than should, and that it does again.
func (f *Figures) tell(ctx context.Context, st store.Store, a *billedAccount, judged *JudgedDay) error {
	if f.AlertBelow == 0 {
		return nil
	}
	below, at := false, f.now()
	for e, err := range st.AccountEvents(ctx, store.EventFilter{WABA: a.waba, Kind: policy.Reconciliation, Limit: 1}) {
		if err != nil {
			return err
		}
		below, at = e.Name == matchFell, max(at, e.At+1) // two of one moment would have no order
	}
	if below == judged.Below {
		return nil
	}
	e := policy.AccountEvent{At: at, WABA: a.waba, Kind: policy.Reconciliation, Name: matchRecovered, Severity: policy.Info, Detail: judged.says()}
	log := f.Log.Info
	if judged.Below {
		e.Name, e.Severity, log = matchFell, policy.Warning, f.Log.Warn
		e.Detail += fmt.Sprintf(", less than %s %%", f.AlertBelow) + judged.mostly(a.currency)
	}
	if err := f.Learn(ctx, []policy.Event{e}); err != nil {
		return err
	}
	log("how far statuses and what Meta charges match has changed", zap.String("waba", a.waba), zap.String("event", e.Name), zap.String("says", e.Detail))
	return nil
}

// Names of account events.
const (
	matchFell      = "MATCH_FELL"
	matchRecovered = "MATCH_RECOVERED"
)

func (d *JudgedDay) says() string {
	said := "of " + d.Day
	var parts []string
	if d.Messages != nil {
		parts = append(parts, d.Messages.String()+" % of the messages")
	}
	if d.Cost != nil {
		parts = append(parts, d.Cost.String()+" % of the money")
	}
	return said + " " + strings.Join(parts, " and ") + " match what Meta charges"
}

// mostly is the cause that is behind most of a difference.
func (d *JudgedDay) mostly(currency billing.Currency) string {
	if len(d.Causes) == 0 {
		return ""
	}
	most := slices.MaxFunc(d.Causes, func(a, b billing.CauseSum) int {
		return cmp.Or(cmp.Compare(max(a.Cost, -a.Cost), max(b.Cost, -b.Cost)), a.Messages-b.Messages)
	})
	cost := "at an unknown price"
	if known := most.Known(); known != nil {
		cost = fmt.Sprintf("%s %s", *known, currency)
	}
	return fmt.Sprintf("; mostly %s: %d messages, %s", most.Cause, most.Messages, cost)
}

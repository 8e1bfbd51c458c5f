package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
)

// Budget is what some sends may cost in a calendar month, by what they are expected to
// cost when they are sent.
type Budget struct {
	// The name, such as `crm-marketing`: letters, digits, `-` and `_`. Required. What is
	// spent is kept under it.
	Name string `json:"name"`

	// The amount, such as `500` or `99.50`, and its currency, which must be that of the
	// accounts whose sends count. Required.
	Amount   string `json:"amount"`
	Currency string `json:"currency"`

	// The period: `month`, a calendar month in the time zone of the account.
	// Default: `month`.
	Per string `json:"per,omitempty"`

	// Which sends count. Required.
	Of BudgetOf `json:"of"`

	// From which part of the amount on sends are warned of, such as `80%`, or `off`.
	// Default: `80%`.
	Warn string `json:"warn,omitempty"`

	// What happens to marketing that costs more than is left: `refuse` or `warn`. What is
	// no marketing is never refused.
	// Default: `warn`.
	WhenSpent string `json:"when_spent,omitempty"`
}

// BudgetOf says which sends count under a budget: those that all conditions hold for.
type BudgetOf struct {
	// The tags they have, each as `name=value`.
	Tags []string `json:"tags,omitempty"`
	// The phone number ids or names of the businesses they are from, one of these.
	Businesses []string `json:"businesses,omitempty"`
	// The categories they are billed as, one of these. `marketing` is `marketing_lite` too.
	Categories []string `json:"categories,omitempty"`
	// All of them, without conditions.
	Everything bool `json:"everything,omitempty"`
}

const (
	defaultBudgetWarn = 80
	mostBudgets       = 100
	longestBudgetName = 64
	leastBudget       = billing.Amount(10_000) // a hundredth
	largestBudget     = billing.Amount(1_000_000_000_000_000)
	whenSpentRefuse   = "refuse"
)

var (
	chooseWhenSpent = choice{"when_spent", []string{whenSpentRefuse, "warn"}, "warn"}
	choosePer       = choice{"per", []string{"month"}, "month"}
	// budgetCategories are those that a budget can be of.
	budgetCategories = []billing.Category{billing.Marketing, billing.MarketingLite, billing.Utility, billing.Authentication, billing.AuthenticationInternational, billing.Service}
)

// resolve checks what can be checked of a budget by itself.
func (b *Budget) resolve() (*gateway.Budget, error) {
	bad := func(r rune) bool {
		return r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}
	if b.Name == "" || len(b.Name) > longestBudgetName || strings.ContainsFunc(b.Name, bad) {
		return nil, fmt.Errorf("%q is no name of a budget: it has 1 to %d letters, digits, hyphens and underscores, such as crm-marketing", b.Name, longestBudgetName)
	}
	r := &gateway.Budget{Name: b.Name, Businesses: slices.Clone(b.Of.Businesses), Refuse: b.WhenSpent == whenSpentRefuse}
	var err error
	if b.Amount == "" || b.Currency == "" {
		return nil, errors.New("it has no amount: write one with its currency, such as amount 500 USD")
	}
	if r.Amount, err = billing.ParseAmount(b.Amount); err != nil {
		return nil, fmt.Errorf("amount is %w", err)
	}
	if r.Amount < leastBudget || r.Amount > largestBudget {
		return nil, fmt.Errorf("amount is %s; it must be from %s to %s", b.Amount, leastBudget, largestBudget)
	}
	if r.Currency, err = billing.ParseCurrency(b.Currency); err != nil {
		return nil, fmt.Errorf("amount is in %w", err)
	}
	if err := errors.Join(choosePer.check(b.Per), chooseWhenSpent.check(b.WhenSpent)); err != nil {
		return nil, err
	}
	if r.Warn, err = b.warn(); err != nil {
		return nil, err
	}
	return r, b.Of.resolve(r)
}

// warn is the part in percent from which on sends are warned of; 0 for none.
func (b *Budget) warn() (int, error) {
	switch b.Warn {
	case "":
		return defaultBudgetWarn, nil
	case ruleOff:
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(b.Warn, "%"))
	if err != nil || n < 1 || n > 100 {
		return 0, fmt.Errorf("warn is %q; it must be a part of the amount from 1%% to 100%%, such as warn 80%%, or off", b.Warn)
	}
	return n, nil
}

// resolve checks which sends count.
func (of *BudgetOf) resolve(r *gateway.Budget) error {
	conditions := len(of.Tags) + len(of.Businesses) + len(of.Categories)
	switch {
	case of.Everything && conditions > 0:
		return errors.New("it is of everything and of something else; leave one of them out")
	case !of.Everything && conditions == 0:
		return errors.New("it doesn't say which sends count: write of tag <name>=<value>, of business <number or name>, of category <category> or of everything")
	}
	for _, tag := range of.Tags {
		name, value, _ := strings.Cut(tag, "=")
		if err := cmp.Or(gateway.CheckTagName(name), gateway.CheckTagValue(value)); err != nil {
			return fmt.Errorf("of tag %s: write it as team=crm: %w", tag, err)
		}
		if _, twice := r.Tags[name]; twice {
			return fmt.Errorf("of tag %s is given twice; a send has one value of a tag", name)
		}
		if r.Tags == nil {
			r.Tags = make(map[string]string)
		}
		r.Tags[name] = value
	}
	for _, name := range of.Categories {
		if !slices.Contains(budgetCategories, billing.Category(name)) {
			return fmt.Errorf("of category is %q; it must be one of %s", name, billingNames(budgetCategories))
		}
		r.Categories = append(r.Categories, billing.Category(name))
	}
	return nil
}

func billingNames(list []billing.Category) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

// budgetsOf are the budgets of a configuration, by name. at is told of which of them an
// error is.
func budgetsOf(list []*Budget, tags []*Tag, businesses *gateway.Businesses, at func(int, error) error) ([]*gateway.Budget, error) {
	declared, err := declaredTags(tags)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*gateway.Budget)
	for i, b := range list {
		r, err := b.resolve()
		switch {
		case err != nil:
		case byName[b.Name] != nil:
			err = errors.New("it is given twice")
		case len(byName) == mostBudgets:
			err = fmt.Errorf("there are more than %d budgets", mostBudgets)
		default:
			err = fitBudget(r, declared, businesses)
		}
		if err != nil {
			return nil, at(i, fmt.Errorf("budget %s: %w", b.Name, err))
		}
		byName[b.Name] = r
	}
	budgets := make([]*gateway.Budget, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		budgets = append(budgets, byName[name])
	}
	return budgets, nil
}

// fitBudget checks a budget against the rest of the configuration.
func fitBudget(b *gateway.Budget, tags map[string]*gateway.Tag, businesses *gateway.Businesses) error {
	for name, value := range b.Tags {
		switch t := tags[name]; {
		case t == nil:
			return fmt.Errorf("the tag %s is not declared, so that no send has it: write `tag %s`", name, name)
		case len(t.Values) > 0 && value != gateway.OtherValue && !slices.Contains(t.Values, value):
			return fmt.Errorf("the tag %s can't be %s; it is declared with %s", name, value, strings.Join(t.Values, ", "))
		}
	}
	for i, named := range b.Businesses {
		id, err := businessNamed(named, businesses)
		if err != nil {
			return err
		}
		b.Businesses[i] = id
	}
	differs := func(of string, is billing.Currency) error {
		return fmt.Errorf("its amount is in %s, and business %s is billed in %s: money of two currencies doesn't add up. Write the amount in the account's currency (the option currency), and name with `of business` whose sends count", b.Currency, of, is)
	}
	for _, id := range slices.Sorted(maps.Keys(businesses.Listed)) {
		if is := businesses.Listed[id].Currency; b.Covers(id) && is != b.Currency {
			return differs(id, is)
		}
	}
	others := businesses.Others
	if others == nil || others.Currency == b.Currency {
		return nil
	}
	unlisted := len(b.Businesses) == 0 || slices.ContainsFunc(b.Businesses, func(id string) bool { return businesses.Listed[id] == nil })
	if unlisted {
		return differs(everyOther, others.Currency)
	}
	return nil
}

// businessNamed is the phone number id of a business, by that or by its name.
func businessNamed(named string, businesses *gateway.Businesses) (string, error) {
	if businesses.Listed[named] != nil || businesses.Others != nil && isDigits(named) {
		return named, nil
	}
	var ids []string
	for id, b := range businesses.Listed {
		if b.Name == named {
			ids = append(ids, id)
		}
	}
	switch len(ids) {
	case 0:
		return "", fmt.Errorf("of business %s: no business is called so; write the phone number id of one, or its name", named)
	case 1:
		return ids[0], nil
	}
	return "", fmt.Errorf("of business %s: %d businesses are called so; write their phone number ids", named, len(ids))
}

// budgetAt remembers where budgets stand in a Caddyfile.
type budgetAt []caddyfile.Dispenser

// check checks the budgets against all of the configuration, once that is read.
func (at budgetAt) check(a *App) error {
	if len(at) == 0 {
		return nil
	}
	businesses, err := a.businesses()
	if err != nil {
		return nil // which Provision says
	}
	_, err = budgetsOf(a.Budgets, a.Tags, &businesses, func(i int, err error) error { return at[i].Err(err.Error()) })
	return err
}

// parseBudget reads a `budget` block.
func parseBudget(d *caddyfile.Dispenser) (*Budget, error) {
	b := new(Budget)
	if !d.AllArgs(&b.Name) {
		return nil, d.ArgErr()
	}
	at := *d
	err := parseBlock(d, map[string]parser{
		"amount": func(d *caddyfile.Dispenser) error {
			if !d.AllArgs(&b.Amount, &b.Currency) {
				return d.ArgErr()
			}
			if _, err := billing.ParseAmount(b.Amount); err != nil {
				return d.Errf("amount is %v", err)
			}
			return nil
		},
		"per":        choosePer.into(&b.Per),
		"of":         b.Of.parse,
		"warn":       b.parseWarn,
		"when_spent": chooseWhenSpent.into(&b.WhenSpent),
	}, "of")
	if err != nil {
		return nil, err
	}
	if _, err := b.resolve(); err != nil {
		return nil, at.Errf("budget %s: %v", b.Name, err)
	}
	return b, nil
}

func (b *Budget) parseWarn(d *caddyfile.Dispenser) error {
	if !d.AllArgs(&b.Warn) {
		return d.ArgErr()
	}
	if _, err := b.warn(); err != nil {
		return d.Err(err.Error())
	}
	return nil
}

// parse reads a line such as `of tag team=crm`.
func (of *BudgetOf) parse(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] == "everything":
		of.Everything = true
	case len(args) < 2:
		return d.ArgErr()
	case args[0] == "tag":
		of.Tags = append(of.Tags, args[1:]...)
	case args[0] == "business":
		of.Businesses = append(of.Businesses, args[1:]...)
	case args[0] == "category":
		of.Categories = append(of.Categories, args[1:]...)
	default:
		return d.Errf("of is %q; it must be tag <name>=<value>, business <number or name>, category <category> or everything", args[0])
	}
	if of.Everything && len(of.Tags)+len(of.Businesses)+len(of.Categories) == 0 {
		return nil
	}
	if err := of.resolve(new(gateway.Budget)); err != nil {
		return d.Err(err.Error())
	}
	return nil
}

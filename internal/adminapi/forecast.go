package adminapi

import (
	"context"

	"github.com/waguard/waguard/billing"
)

// ForecastSelection is what the route of the forecast takes.
type ForecastSelection struct {
	// PhoneNumberID is the business phone number, by its id or name; "" for all.
	PhoneNumberID string `json:"phone_number_id,omitempty"`
	// Where are conditions as those of a report.
	Where string `json:"where,omitempty"`
}

// Forecast is what the running month is expected to cost.
func (c *Client) Forecast(ctx context.Context, s ForecastSelection) (*billing.Forecast, error) {
	return answer[billing.Forecast](ctx, c, RouteForecast, queryOf(&s))
}

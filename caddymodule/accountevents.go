package caddymodule

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/policy"
)

// reportAccountEvents counts and logs what Meta or a sender told about accounts:
// at warn level what is worse than good to know.
func reportAccountEvents(logger *zap.Logger, events []policy.Event) {
	for _, event := range events {
		switch s := event.(type) {
		case policy.CampaignSwitched:
			logger.Warn("marketing was switched by Meta's word", zap.Bool("off", s.Off), zap.String("says", s.Says), zap.String("phone_number_id", s.PhoneNumberID), zap.String("waba", s.WABA))
		case policy.StatusChanged:
			if turn, ok := policy.SwitchedByError(s.ErrorCode, s.PhoneNumberID, s.At); ok {
				logger.Warn("marketing was switched by Meta's word", zap.Bool("off", true), zap.String("says", turn.Says), zap.String("phone_number_id", s.PhoneNumberID))
			}
		}
		e, ok := event.(policy.AccountEvent)
		if !ok {
			continue
		}
		accountEventsTotal.WithLabelValues(e.Severity.String()).Inc()
		level := zapcore.DebugLevel
		if e.Severity >= policy.Warning {
			level = zapcore.WarnLevel
		}
		if line := logger.Check(level, "account event"); line != nil {
			line.Write(
				zap.Stringer("severity", e.Severity), zap.String("kind", string(e.Kind)), zap.String("name", e.Name), zap.String("detail", e.Detail),
				zap.String("waba", e.WABA), zap.String("phone_number_id", e.PhoneNumberID), zap.String("template", e.Template.Name),
				zap.String("sender", e.Sender), zap.String("sender_token", e.Token),
			)
		}
	}
}

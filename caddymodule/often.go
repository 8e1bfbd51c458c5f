package caddymodule

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// often writes a line that may come with every request.
func (g *Guard) often(level zapcore.Level, message string, fields ...zap.Field) {
	g.app.gateway.Often.Log(g.app.clock.Now(), g.logger, level, message, fields...)
}

// often writes a line that may come with every delivery.
func (h *Webhook) often(level zapcore.Level, message string, fields ...zap.Field) {
	h.app.gateway.Often.Log(h.app.clock.Now(), h.logger, level, message, fields...)
}

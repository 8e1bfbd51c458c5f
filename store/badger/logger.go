package badger

import (
	"fmt"
	"strings"

	"go.uber.org/zap"
)

// badgerLogger passes Badger's warnings and errors on. What it says besides is
// of no use to an operator.
type badgerLogger struct {
	log  *zap.Logger
	home *home
}

func (l badgerLogger) Errorf(format string, args ...any)   { l.log.Error(l.line(format, args)) }
func (l badgerLogger) Warningf(format string, args ...any) { l.log.Warn(l.line(format, args)) }
func (badgerLogger) Infof(string, ...any)                  {}
func (badgerLogger) Debugf(string, ...any)                 {}

func (l badgerLogger) line(format string, args []any) string {
	return l.home.name(strings.TrimSpace(fmt.Sprintf(format, args...)))
}

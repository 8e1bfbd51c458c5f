package badger

import (
	"fmt"
	"strings"

	"go.uber.org/zap"
)

// badgerLogger passes Badger's warnings and errors on. What it says besides is
// of no use to an operator.
type badgerLogger struct{ log *zap.Logger }

func (l badgerLogger) Errorf(format string, args ...any)   { l.log.Error(line(format, args)) }
func (l badgerLogger) Warningf(format string, args ...any) { l.log.Warn(line(format, args)) }
func (badgerLogger) Infof(string, ...any)                  {}
func (badgerLogger) Debugf(string, ...any)                 {}

func line(format string, args []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, args...))
}

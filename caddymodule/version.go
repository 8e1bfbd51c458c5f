package caddymodule

import "runtime/debug"

// version is that of the waguard that was built in: of its module, whether that is
// the main one or one of many. A build that has none is "devel".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == "github.com/waguard/waguard" && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "devel"
}

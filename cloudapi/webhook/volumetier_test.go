package webhook

import "testing"

func TestBand(t *testing.T) {
	for text, want := range map[string][2]int{
		"25000001:50000000": {25000001, 50000000}, "0:25000000": {1, 25000000}, "300000001:": {300000001, 0}, "300000001:-1": {300000001, 0}, "300000001:INF": {300000001, 0},
		" 101 : 200 ": {101, 200},
	} {
		if from, to, ok := band(text); !ok || from != want[0] || to != want[1] {
			t.Errorf("%q is %d to %d, %v; want %v", text, from, to, ok, want)
		}
	}
	for _, text := range []string{"", ":", "25000001", "a:b", "-5:10", "200:100", "9999999999999999999:", "2:1"} {
		if from, to, ok := band(text); ok {
			t.Errorf("%q is read as %d to %d", text, from, to)
		}
	}
}

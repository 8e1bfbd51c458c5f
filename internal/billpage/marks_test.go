package billpage

import "testing"

// The names of days have a sixth of the width each, however few the days are.
func TestMarksHaveRoom(t *testing.T) {
	days := daysBetween("2026-11-01", "2027-01-31")
	for n := 1; n <= len(days); n++ {
		if marks := marksOf(days[:n], int64(max(n, fewestColumns))); len(marks) == 0 || len(marks) > mostMarks {
			t.Errorf("%d days have %d marks", n, len(marks))
		}
	}
	if marks := marksOf(days[:5], fewestColumns); len(marks) != 3 {
		t.Errorf("of five days, which take less than half of the width, %d are named", len(marks))
	}
}

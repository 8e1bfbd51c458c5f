package cloudapi

import "testing"

// The few content types that clients write are taken, with the parameters they
// write; all others are odd.
func TestParseContentType(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want format
	}{
		{"", formatUntyped},
		{" ", formatUntyped},
		{"text/plain", formatUntyped},
		{"text/plain;charset=UTF-8", formatUntyped},
		{"application/json", formatJSON},
		{"Application/JSON ; charset=\"utf-8\";", formatJSON},
		{"application/x-www-form-urlencoded", formatForm},
		{"application/x-www-form-urlencoded; charset=utf-8", formatForm},
		{"multipart/form-data; boundary=b", formatMultipart},
		{"multipart/form-data;charset=UTF-8;boundary=b", formatMultipart},
		{"multipart/form-data; boundary=\"----=_Part_1\"; charset=us-ascii", formatMultipart},
		{"image/png", formatFile},
		{`video/mp4; codecs="avc1.42E01E, mp4a.40.2"`, formatFile},
		{"application/vnd.ms-excel", formatFile},

		{"application/json; boundary=b", formatOdd},
		{"application/json; charset=utf-8; charset=utf-16", formatOdd},
		{"application/json; x=y", formatOdd},
		{"application/jsonx", formatOdd},
		{"application/ld+json", formatOdd},
		{"text/json", formatOdd},
		{"application/json, text/plain", formatOdd},
		{"application", formatOdd},
		{"a/b/c", formatOdd},
		{"; boundary=b", formatOdd},
		{"m; boundary=b", formatOdd},
		{"image/png; boundary=b", formatOdd},
		{"application/x-www-form-urlencodedx", formatOdd},
		{"multipart/form-data", formatOdd},
		{"multipart/mixed; boundary=b", formatOdd},
		{"multipart/form-data; boundary=", formatOdd},
		{"multipart/form-data; Boundary=b", formatOdd},
		{"multipart/form-data; boundary=a; boundary=b", formatOdd},
		{"multipart/form-data; xboundary=a; boundary=b", formatOdd},
		{"multipart/form-data; boundary=b; x=y", formatOdd},
		{"multipart/form-data; boundary=b ; charset=utf-8", formatOdd},
		{"multipart/form-data; boundary=\"b", formatOdd},
		{"multipart/form-data; boundary=\"b\"x", formatOdd},
		{`multipart/form-data; boundary="a\b"`, formatOdd},
		{"multipart/form-data; charset=utf-16; boundary=b", formatOdd},
		{"multipart/form-data; boundary=\u00e4", formatOdd},
		{"image/\u212ang", formatOdd},
	} {
		got := parseContentType(tt.in)
		if got.format != tt.want || (got.problem != "") != (tt.want == formatOdd) {
			t.Errorf("%q: %+v, want format %d", tt.in, got, tt.want)
		}
	}
}

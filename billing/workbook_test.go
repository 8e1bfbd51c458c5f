package billing

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// parts are the parts of a workbook by their names.
type parts map[string]string

// ratesBook is a workbook with a rate for Germany, as Excel writes it: texts stand in a list,
// and numbers have the digits of their binary form.
var ratesBook = parts{
	"xl/sharedStrings.xml": texts("Rates in USD, effective October 1, 2026", "Market", "Currency", "Marketing", "Utility", "Authentication", "Authentication-_x000D_\nInternational", "Service", "Germany", "USD", "n/a"),
	"xl/worksheets/sheet1.xml": rows(`<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="3">` + titleCells() + `</row><row r="4"><c r="A4" t="s"><v>8</v></c><c r="B4" t="inlineStr"><is><t>US</t><r><t>D</t></r><rPh><t>x</t></rPh></is></c><c r="C4"><v>0.13650000000000001</v></c>` +
		`<c r="D4"><v>5.5E-2</v></c><c r="E4"><v>5.5000000000000001E-2</v></c><c r="F4" t="s"><v>10</v></c><c r="G4"><f>D4</f><v>0.055</v></c></row><row r="5"><c r="A5" s="3"/><c r="ZZ5" s="3"/></row>`),
}

var germany = map[Category]Amount{Marketing: 136_500, Utility: 55_000, Authentication: 55_000, Service: 55_000}

func texts(texts ...string) string {
	var b strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&b, "<si><t>%s</t></si>", text)
	}
	return "<sst>" + b.String() + "</sst>"
}

func rows(rows string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="x"><sheetData>` + rows + "</sheetData></worksheet>"
}

func titleCells() string {
	var b strings.Builder
	for i := range 7 {
		fmt.Fprintf(&b, `<c r="%c3" t="s"><v>%d</v></c>`, 'A'+i, i+1)
	}
	return b.String()
}

// inline is a table of text as a sheet.
func inline(table ...string) string {
	var b strings.Builder
	for i, row := range table {
		fmt.Fprintf(&b, `<row r="%d">`, i+1)
		for cell := range strings.SplitSeq(row, "|") {
			fmt.Fprintf(&b, `<c t="str"><v>%s</v></c>`, cell)
		}
		b.WriteString("</row>")
	}
	return rows(b.String())
}

func book(t testing.TB, p parts) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(p)) {
		w, err := z.Create(strings.TrimSuffix(name, " again"))
		if err == nil {
			_, err = w.Write([]byte(p[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// with is a workbook with other parts.
func (p parts) with(others parts) parts {
	all := maps.Clone(p)
	maps.Copy(all, others)
	return all
}

// named are the parts that name sheets, in their order.
func named(names ...string) parts {
	var sheets, relations strings.Builder
	for i, name := range names {
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, name, i+1, i+1)
		fmt.Fprintf(&relations, `<Relationship Id="rId%d" Target="worksheets/sheet%d.xml"/>`, i+1, i+1)
	}
	return parts{"xl/workbook.xml": `<workbook><sheets>` + sheets.String() + `</sheets></workbook>`, "xl/_rels/workbook.xml.rels": `<Relationships>` + relations.String() + `</Relationships>`}
}

var (
	cover     = inline("About this file", "Read the other sheets")
	tierSheet = inline("Volume tiers, effective October 1, 2026", "||Utility", "Market|Currency|From|To|Rate type|Rate", "Germany|USD|0|100,000|List rate|0.0550", "|USD|100,001|--|Tier rate|0.0523")
)

// A workbook is read as the text it holds, whatever it is called and whichever of its sheets has
// the rates; one with the volume tiers on another sheet has both.
func TestWorkbook(t *testing.T) {
	rates := ratesBook["xl/worksheets/sheet1.xml"]
	for name, p := range map[string]parts{
		"one sheet":    ratesBook,
		"named sheets": ratesBook.with(named("About", "List rates")).with(parts{"xl/worksheets/sheet1.xml": cover, "xl/worksheets/sheet2.xml": rates}),
		"from a slash": ratesBook.with(named("List rates")).with(parts{"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="/xl/elsewhere/list.xml"/></Relationships>`, "xl/elsewhere/list.xml": rates, "xl/worksheets/sheet1.xml": cover}),
		"with tiers":   ratesBook.with(named("List rates", "Volume tiers")).with(parts{"xl/worksheets/sheet2.xml": tierSheet}),
		"tiers first":  ratesBook.with(named("Volume tiers", "List rates")).with(parts{"xl/worksheets/sheet1.xml": tierSheet, "xl/worksheets/sheet2.xml": rates}),
	} {
		f, err := ReadCardFile(book(t, p))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Card.From != "2026-10-01" || !reflect.DeepEqual(f.Card.Rates["Germany"], germany) || len(remarks(f)) > 0 || f.OnlyTiers {
			t.Errorf("%s: read as %+v, %q", name, f.Card, f.Notes)
		}
		want := []Tier{{To: 100_000, Rate: 55_000}, {Rate: 52_300}}
		if got := f.Card.Tiers["Germany"][Utility]; strings.Contains(name, "tiers") && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the tiers are %v", name, got)
		}
	}
	f, err := ReadCardFile(book(t, parts{"xl/worksheets/sheet1.xml": tierSheet}))
	if err != nil || !f.OnlyTiers {
		t.Errorf("tiers alone: %+v, %v", f, err)
	}
}

// What is wrong with a workbook is told with the sheet and the line, and it is not read in part.
// It takes no more memory or time than a rate card could, whatever it says of its size.
func TestBrokenWorkbooks(t *testing.T) {
	rates := ratesBook["xl/worksheets/sheet1.xml"]
	sheet := func(text string) parts { return ratesBook.with(parts{"xl/worksheets/sheet1.xml": text}) }
	change := func(from, to string) parts {
		if !strings.Contains(rates, from) {
			t.Fatalf("there is no %q", from)
		}
		return sheet(strings.Replace(rates, from, to, 1))
	}
	var many []string
	for i := range mostSheets + 1 {
		many = append(many, fmt.Sprintf("sheet%d", i))
	}
	crowd := make(parts)
	for i := range mostParts {
		crowd[fmt.Sprintf("part%d", i)] = ""
	}
	sheets := make(parts)
	for i := range mostSheets + 1 {
		sheets[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] = cover
	}
	large := make(parts)
	for i := range 5 {
		large[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] = cover + strings.Repeat(" ", largestPart-len(cover))
	}
	for name, test := range map[string]struct {
		parts parts
		want  string
	}{
		"seven decimals":       {change("0.13650000000000001", "0.1365123456"), "line 4: the rate of marketing for Germany: \"0.1365123456\" has more than 6 decimals"},
		"a long number":        {change("0.13650000000000001", strings.Repeat("9", 60)), "line 4: the rate of marketing for Germany"},
		"a great exponent":     {change("0.13650000000000001", "1e999999999"), "line 4: the rate of marketing for Germany: \"1e999999999\" is no amount"},
		"a fraction":           {change("0.13650000000000001", "1/3"), "is no amount"},
		"a binary one":         {change("0.13650000000000001", "0b1"), "is no amount"},
		"a truth":              {change(`r="C4"`, `r="C4" t="b"`), "line 4: the rate of marketing for Germany: \"true or false\" is no amount"},
		"an error":             {change(`r="C4"><v>0.13650000000000001`, `r="C4" t="e"><v>#N/A`), "line 4: the rate of marketing for Germany: \"#N/A\" is no amount"},
		"a text of thousands":  {change(`r="C4"><v>0.13650000000000001`, `r="C4" t="str"><v>1,234`), "can be 1234 and 1.234"},
		"no such text":         {change(`t="s"><v>8</v>`, `t="s"><v>80</v>`), "line 4: the cell \"A4\" refers to a text that isn't there"},
		"a text below zero":    {change(`t="s"><v>8</v>`, `t="s"><v>-1</v>`), "refers to a text that isn't there"},
		"a text no number":     {change(`t="s"><v>8</v>`, `t="s"><v>8.0</v>`), "refers to a text that isn't there"},
		"no texts":             {ratesBook.with(parts{"xl/sharedStrings.xml": "<sst/>"}), "line 1: the cell \"A1\" refers to a text that isn't there"},
		"far to the right":     {change(`r="G4"`, `r="XFD4"`), "line 4: the cell \"XFD4\" is none of a rate card"},
		"a strange place":      {change(`r="G4"`, `r="4"`), "line 4: the cell \"4\" is none of a rate card"},
		"a cell twice":         {change(`r="G4"`, `r="D4"`), "line 4: the cell \"D4\" is there twice"},
		"an extra cell":        {change(`r="G4"`, `r="H4"`), "line 4: \"0.0550\" stands in column 8, which has no title"},
		"too many lines":       {sheet(rows(strings.Repeat("<row><c><v>1</v></c></row>", longestSheet+1))), "the sheet has more than 10000 lines"},
		"a bomb":               {sheet(rates + strings.Repeat(" ", largestPart)), "is larger than 4 MiB"},
		"a bomb of cells":      {sheet(rows(strings.Repeat("<c/>", 2<<20))), "is larger than 4 MiB"},
		"a bomb of texts":      {ratesBook.with(parts{"xl/sharedStrings.xml": strings.Repeat("<si><t/></si>", 400_000)}), "is larger than 4 MiB"},
		"many that are large":  {large, "is larger than 4 MiB, or all that is read of it than 16"},
		"deep":                 {sheet(strings.Repeat("<a>", 100)), "is no XML of a sheet"},
		"more ends than begin": {sheet("</a>"), "is no XML of a sheet"},
		"half":                 {sheet(rates[:len(rates)/2]), "can't be read"},
		"no XML":               {sheet("<<"), "can't be read"},
		"an entity":            {sheet(`<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`), "can't be read"},
		"another encoding":     {sheet(`<?xml version="1.0" encoding="EBCDIC"?>`), "can't be read"},
		"many parts":           {ratesBook.with(crowd), "the workbook has 1002 parts"},
		"many sheets":          {sheets, "the workbook has 33 sheets"},
		"many names of one":    {ratesBook.with(named(many...)).with(sheets), "the workbook has 33 sheets"},
		"a part twice":         {ratesBook.with(parts{"xl/worksheets/sheet1.xml again": rates}), "two parts xl/worksheets/sheet1.xml"},
		"no sheet":             {parts{"a": "b"}, "no workbook of Excel"},
		"nothing":              {parts{}, "the file is no text"},
		"no titles":            {sheet(cover), "no line with the titles"},
		"two of rates":         {ratesBook.with(named("A", "B")).with(parts{"xl/worksheets/sheet2.xml": rates}), "two sheets of the same kind, of which \"B\" is one"},
		"wrong on a sheet":     {change("0.13650000000000001", "1.5000001").with(named("List rates", "About")).with(parts{"xl/worksheets/sheet2.xml": cover}), "sheet \"List rates\", line 4: the rate of marketing"},
		"tiers of another day": {ratesBook.with(parts{"xl/worksheets/sheet2.xml": strings.Replace(tierSheet, "October 1", "July 1", 1)}), "the workbook has rates USD 2026-10-01 and tiers USD 2026-07-01"},
		"tiers of other rates": {ratesBook.with(parts{"xl/worksheets/sheet2.xml": strings.Replace(tierSheet, "0.0550", "0.0560", 1)}), "the list rate of utility for Germany is 0.0560, and the card USD 2026-10-01 says 0.0550"},
	} {
		f, err := ReadCardFile(book(t, test.parts))
		if err == nil || f != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, %v; want %q", name, f, err, test.want)
		}
	}
	whole := book(t, ratesBook)
	for n := range len(whole) - 1 {
		if f, err := ReadCardFile(whole[:n+1]); err == nil || f != nil {
			t.Fatalf("%d of its %d bytes are read as %+v", n+1, len(whole), f)
		}
	}
}

// Numbers of Excel are read as they were meant, and what is none is not made one.
func TestDecimalOf(t *testing.T) {
	for value, want := range map[string]string{
		"6.1800000000000001E-2": "0.0618", "0.13650000000000001": "0.1365", "5.5E-2": "0.0550", "25000000": "25000000", "1.234": "1.2340",
		"1940.1300000000001": "1940.1300", "356.64999999999998": "356.6500", "-0.05": "-0.0500", "0": "0", "1234567.1234560001": "1234567.123456",
		"0.1234567": "0.1234567", "-4.9090909090909088E-2": "-4.9090909090909088E-2", "1e400": "1e400", "0x10": "0x10", "1/2": "1/2", "": "", "free": "free",
	} {
		if got := decimalOf(value); got != want {
			t.Errorf("%s is %s, want %s", value, got, want)
		}
	}
}

// Whatever the parts of a workbook hold, it is read as a whole card or refused.
func FuzzWorkbook(f *testing.F) {
	for _, sheet := range []string{ratesBook["xl/worksheets/sheet1.xml"], tierSheet, cover, rows(`<row r="0"><c r="A0" t="s"><v>99</v></c></row>`)} {
		f.Add(sheet, ratesBook["xl/sharedStrings.xml"], named("List rates")["xl/workbook.xml"])
	}
	relations := named("List rates")["xl/_rels/workbook.xml.rels"]
	f.Fuzz(func(t *testing.T, sheet, texts, names string) {
		file, err := ReadCardFile(book(t, parts{"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": texts, "xl/workbook.xml": names, "xl/_rels/workbook.xml.rels": relations}))
		if (file == nil) != (err != nil) {
			t.Fatalf("%+v, %v", file, err)
		}
		if err == nil && (len(file.Card.Rates) == 0) != file.OnlyTiers {
			t.Fatalf("read as %+v", file.Card)
		}
	})
}

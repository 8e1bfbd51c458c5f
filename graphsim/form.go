package graphsim

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// structured are the parameters that are objects or arrays. In forms and queries Graph takes them as JSON text; any
// other parameter stays text even if it looks like JSON.
var structured = map[string]bool{
	"audio": true, "batch": true, "block_users": true, "components": true, "contacts": true, "context": true,
	"direct_send_config": true, "document": true, "image": true, "interactive": true, "location": true, "pin": true,
	"reaction": true, "sticker": true, "template": true, "text": true, "typing_indicator": true, "video": true,
}

// addForm puts form values into params: JSON text for structured parameters, and PHP-style brackets
// (template[language][code]=de) as nested objects.
func addForm(params object, form url.Values) {
	bracketed := false
	for key, values := range form {
		if strings.IndexByte(key, '[') > 0 {
			bracketed = true
			continue
		}
		params[key] = formValue(key, values[len(values)-1])
	}
	if !bracketed {
		return
	}
	touched := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(form)) { // so that contradicting keys give the same result every time
		if open := strings.IndexByte(key, '['); open > 0 {
			values := form[key]
			setBracketed(params, key[:open], strings.Split(strings.TrimSuffix(key[open+1:], "]"), "]["), values[len(values)-1])
			touched[key[:open]] = true
		}
	}
	for root := range touched {
		params[root] = listify(params[root])
	}
}

func formValue(key, text string) any {
	if !structured[key] {
		return text
	}
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

func setBracketed(params object, root string, steps []string, text string) {
	node, isObject := params[root].(object)
	if !isObject {
		node = object{}
		params[root] = node
	}
	for _, step := range steps[:len(steps)-1] {
		next, isObject := node[step].(object)
		if !isObject {
			next = object{}
			node[step] = next
		}
		node = next
	}
	last := steps[len(steps)-1]
	if last == "" { // a[]=x appends
		last = strconv.Itoa(len(node))
	}
	node[last] = text
}

// listify turns objects whose keys are 0..n-1 into arrays, as PHP does.
func listify(v any) any {
	node, isObject := v.(object)
	if !isObject {
		return v
	}
	for key := range node {
		node[key] = listify(node[key])
	}
	list := make([]any, len(node))
	for i := range list {
		item, found := node[strconv.Itoa(i)]
		if !found {
			return node
		}
		list[i] = item
	}
	if len(list) == 0 {
		return node
	}
	return list
}

package attack

// known are rows that fail, with what is wrong. The list is meant to be empty.
var known = map[string]string{}

// Package console is what people see of a gateway in a browser: pages of HTML that are
// made here, without a build step, and that work without scripts.
//
// A page asks the gateway what a command asks it, through the same client, so that it can
// show and do nothing that an operator can't without it. Its scripts are htmx, which
// replaces parts of pages, and its extension that streams; its charts are SVG that is drawn
// here, since libraries that draw charts either need styles that the policy of the pages
// forbids, or scripts larger than all else together.
package console

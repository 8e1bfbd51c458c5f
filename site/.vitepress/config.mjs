import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { posix } from 'node:path'

const repository = 'https://github.com/waguard/waguard'
const docs = new URL('../../docs/', import.meta.url)

// The index of the documentation is the table of contents too: each heading of its
// second level is a group, each list item below it a page.
function sidebar() {
  const groups = []
  for (const line of readFileSync(new URL('README.md', docs), 'utf8').split('\n')) {
    const heading = line.match(/^## (.+)/)
    if (heading) groups.push({ text: heading[1], items: [] })
    for (const [, text, link] of line.matchAll(/\[([^\]]+)\]\(([^)]+)\.md\)/g)) {
      groups.at(-1)?.items.push({ text, link: `/${link}` })
    }
  }
  return groups
}

// A link out of docs/ leads to the file in the repository. All others are checked:
// the build fails on one that leads nowhere.
function linksToTheRepository(md) {
  md.core.ruler.push('links-to-the-repository', state => {
    const page = posix.relative('/', posix.join('/docs', state.env.relativePath ?? ''))
    for (const block of state.tokens) {
      for (const token of block.children ?? []) {
        const href = token.type === 'link_open' ? token.attrGet('href') : null
        if (!href || /^[a-z]+:|^#/.test(href)) continue
        const target = posix.join(posix.dirname(page), href)
        if (!target.startsWith('docs/')) token.attrSet('href', `${repository}/blob/main/${target}`)
      }
    }
  })
}

export default {
  title: 'waguard',
  description: 'A gateway that keeps companies out of trouble on WhatsApp',
  srcDir: fileURLToPath(docs),
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../cache', import.meta.url)),
  rewrites: { 'README.md': 'index.md' },
  cleanUrls: true,
  lastUpdated: false,
  markdown: { config: linksToTheRepository },
  // The pages lie outside of this folder, and what they are compiled to looks for
  // these two from there.
  vite: {
    resolve: {
      alias: [
        { find: /^vue$/, replacement: fileURLToPath(new URL('../node_modules/vue', import.meta.url)) },
        { find: /^vue\/server-renderer$/, replacement: fileURLToPath(new URL('../node_modules/vue/server-renderer', import.meta.url)) },
      ],
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: sidebar(),
    outline: 'deep',
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path` },
  },
}

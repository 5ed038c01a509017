// The style of the pages that the server renders itself, in the dashboard's colours. The dashboard has its own style.

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --back: light-dark(#f7f6f2, #111416);
  --card: light-dark(#ffffff, #181c1f);
  --text: light-dark(#1b1e20, #eceae5);
  --soft: light-dark(#595f64, #a3aaaf);
  --line: light-dark(#e6e3da, #272d31);
  --edge: light-dark(#8a877d, #6c777d);
  --accent: light-dark(#0b5a70, #79c4d7);
  --accent-hover: light-dark(#084a5d, #a6d7e3);
  --on-accent: light-dark(#ffffff, #06222b);
  --bad: light-dark(#b3213a, #ff8f9f);
  --bad-back: light-dark(#fbe9ec, #3b1a20);
}
:root[data-mantine-color-scheme="light"] { color-scheme: light }
:root[data-mantine-color-scheme="dark"] { color-scheme: dark }
* { box-sizing: border-box }
body {
  margin: 0; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header, main { max-width: 30rem; margin: 0 auto }
.wide header, .wide main { max-width: 58rem }
header a, header span {
  display: inline-flex; gap: .6rem; align-items: center; border-radius: .5rem;
  font-weight: 680; font-size: 1.125rem; letter-spacing: -.015em; color: var(--text); text-decoration: none;
}
header rect { fill: var(--accent) }
header path { fill: none; stroke: var(--on-accent); stroke-width: 3; stroke-linecap: round; stroke-linejoin: round }
main {
  margin-top: 1.5rem; padding: 1.75rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .875rem;
}
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25 }
h2 { margin: 2.5rem 0 1rem; font-size: 1.25rem; line-height: 1.3 }
h3 { margin: 0 0 .35rem; font-size: 1rem; line-height: 1.4 }
section { padding: 1.1rem 0; border-top: 1px solid var(--line) }
section:last-child { padding-bottom: 0 }
section h2 { margin-top: 0 }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
p:last-child, form:last-child { margin-bottom: 0 }
ul { margin: 0 0 1rem; padding-left: 1.25rem }
li { margin-bottom: .35rem }
a { color: var(--accent) }
code { font-size: .92em; background: var(--back); border: 1px solid var(--line); border-radius: .25rem; padding: .05em .3em; overflow-wrap: anywhere }
pre { margin: 0; padding: .6rem .8rem; background: var(--back); border: 1px solid var(--line); border-radius: .56rem; white-space: pre-wrap }
pre code { padding: 0; background: none; border: 0; font-size: .85em }
label { display: block; font-weight: 600; margin-bottom: .25rem }
input, select {
  width: 100%; margin-bottom: 1rem; padding: .6rem .7rem; font: inherit; color: var(--text);
  background: var(--back); border: 1px solid var(--edge); border-radius: .56rem;
}
button, .button {
  display: inline-block; padding: .6rem 1.2rem; font: inherit; font-weight: 600; color: var(--on-accent); text-decoration: none;
  background: var(--accent); border: 1px solid transparent; border-radius: .56rem; cursor: pointer;
}
button:hover, .button:hover { background: var(--accent-hover) }
.quiet { color: var(--accent); background: transparent; border-color: var(--edge) }
.quiet:hover { color: var(--on-accent) }
.ways { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center }
.soft { color: var(--soft) }
.problem { padding: .7rem .9rem; color: var(--bad); background: var(--bad-back); border-radius: .56rem }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
`

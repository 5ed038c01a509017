// The style of the pages that are made here; the dashboard brings its own.

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --back: light-dark(#f5f6f8, #16181c);
  --card: light-dark(#ffffff, #212429);
  --text: light-dark(#1d2127, #e8eaed);
  --soft: light-dark(#555d68, #a9b1bc);
  --line: light-dark(#d3d8de, #3d434b);
  --link: light-dark(#1859b8, #86b6ff);
  --act: light-dark(#1859b8, #2f6fce);
  --bad: light-dark(#a5171c, #ff9c98);
  --bad-back: light-dark(#fdecec, #3b2022);
}
* { box-sizing: border-box }
body {
  margin: 0; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header, main { max-width: 30rem; margin: 0 auto }
header a { font-weight: 700; font-size: 1.1rem; color: var(--text); text-decoration: none }
main {
  margin-top: 1.5rem; padding: 1.75rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem;
}
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25 }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
p:last-child, form:last-child { margin-bottom: 0 }
ul { margin: 0 0 1rem; padding-left: 1.25rem }
li { margin-bottom: .35rem }
a { color: var(--link) }
code { font-size: .92em; background: var(--back); border: 1px solid var(--line); border-radius: .25rem; padding: .05em .3em }
label { display: block; font-weight: 600; margin-bottom: .25rem }
input {
  width: 100%; margin-bottom: 1rem; padding: .6rem .7rem; font: inherit; color: var(--text);
  background: var(--back); border: 1px solid light-dark(#838c98, #7b8490); border-radius: .35rem;
}
button, .button {
  display: inline-block; padding: .6rem 1.2rem; font: inherit; font-weight: 600; color: #fff; text-decoration: none;
  background: var(--act); border: 1px solid transparent; border-radius: .35rem; cursor: pointer;
}
button:hover, .button:hover { filter: brightness(1.1) }
.ways { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center }
.soft { color: var(--soft) }
.problem { padding: .7rem .9rem; color: var(--bad); background: var(--bad-back); border-radius: .35rem }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
`

// How the component library looks here: one accent (petrol), quiet neutrals, our own typefaces.

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'
import classes from './theme.module.css'

const petrol: MantineColorsTuple = [
  '#e9f6f9',
  '#d3ebf1',
  '#a6d7e3',
  '#79c4d7',
  '#54b3cb',
  '#2f97b2',
  '#167a95',
  '#0b5a70',
  '#084a5d',
  '#053845',
]

/** Dark grey with a little blue, from text to the darkest background; the library takes its dark colours from it. */
const dark: MantineColorsTuple = [
  '#eceae5',
  '#c8cbcc',
  '#a3aaaf',
  '#858d92',
  '#3c454a',
  '#20262a',
  '#14181b',
  '#111416',
  '#0d1011',
  '#090b0c',
]

/** Colours of buttons: the accent, or `color="danger"` for actions that cannot be undone. */
function buttonColours({ variant = 'filled', color }: { variant?: string; color?: string | undefined }) {
  if (color === 'danger' && variant === 'subtle') {
    return { '--button-color': 'var(--bad)', '--button-hover': 'var(--bad-soft)' }
  }
  if (variant !== 'filled') return {}
  const name = color === 'danger' ? 'danger' : 'accent'
  return {
    '--button-bg': `var(--${name})`,
    '--button-hover': `var(--${name}-hover)`,
    '--button-color': `var(--on-${name})`,
  }
}

/** The library makes a dialog's head a `header` element, and a page may have only one. */
const notABanner = { header: { role: 'presentation' } }

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 3 },
  colors: { petrol, dark },
  fontFamily: "'Instrument Sans Variable', system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '1rem', lg: '1.125rem', xl: '1.25rem' },
  lineHeights: { xs: '1.45', sm: '1.5', md: '1.55', lg: '1.5', xl: '1.4' },
  defaultRadius: 'md',
  radius: { xs: '4px', sm: '6px', md: '9px', lg: '14px', xl: '20px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: {
      defaultProps: { size: 'sm' },
      vars: (_theme: unknown, props: { variant?: string; color?: string }) => ({ root: buttonColours(props) }),
    },
    Input: { classNames: { wrapper: classes.field, input: classes.input } },
    InputWrapper: { classNames: { label: classes.label, description: classes.description, error: classes.error } },
    TextInput: { defaultProps: { size: 'md' } },
    PasswordInput: { defaultProps: { size: 'md' } },
    Textarea: { defaultProps: { size: 'md' } },
    Select: {
      // The list itself scrolls, because the keyboard cannot reach an element around it.
      defaultProps: { size: 'md', checkIconPosition: 'right', allowDeselect: false, withScrollArea: false },
      classNames: { options: classes.options },
    },
    Checkbox: { classNames: { input: classes.checkbox, icon: classes.checkIcon } },
    Switch: { defaultProps: { withThumbIndicator: false }, classNames: { track: classes.track, thumb: classes.thumb } },
    Modal: {
      defaultProps: {
        radius: 'lg',
        centered: true,
        padding: 24,
        transitionProps: { duration: 120 },
        closeButtonProps: { 'aria-label': 'Close' },
        attributes: notABanner,
      },
      classNames: { content: classes.dialog, header: classes.dialog, title: classes.title },
    },
    Drawer: { defaultProps: { attributes: notABanner }, classNames: { title: classes.title } },
    Menu: { defaultProps: { radius: 'md', shadow: 'md', position: 'bottom-end' } },
  },
})

/** Sets the library's own variables from those in `global.css`. */
export const cssVariables: CSSVariablesResolver = () => {
  const both = {
    '--mantine-color-body': 'var(--paper)',
    '--mantine-color-text': 'var(--ink)',
    '--mantine-color-dimmed': 'var(--muted)',
    '--mantine-color-default': 'var(--surface)',
    '--mantine-color-default-hover': 'var(--hover)',
    '--mantine-color-default-color': 'var(--ink)',
    '--mantine-color-default-border': 'var(--line-strong)',
    '--mantine-color-placeholder': 'var(--faint)',
    '--mantine-color-error': 'var(--bad)',
    '--mantine-color-anchor': 'var(--accent)',
  }
  return { variables: {}, light: both, dark: both }
}

// Switches between light, dark and the system's setting.

import { type MantineColorScheme, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { Icon, type IconName } from '../ui/icons.tsx'
import classes from './scheme-switch.module.css'

const schemes: { value: MantineColorScheme; label: string; icon: IconName }[] = [
  { value: 'auto', label: 'As the system', icon: 'screen' },
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
]

export function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <SegmentedControl<MantineColorScheme>
      aria-label="Colours"
      size="xs"
      radius="md"
      classNames={{ root: classes.root ?? '', indicator: classes.indicator ?? '' }}
      value={colorScheme}
      onChange={setColorScheme}
      data={schemes.map(({ value, label, icon }) => ({
        value,
        label: (
          <span className={classes.choice} title={label}>
            <Icon name={icon} size={16} />
            <span className="visually-hidden">{label}</span>
          </span>
        ),
      }))}
    />
  )
}

// The services that invitations use.

import type { Services as AccountServices } from '../accounts/services.ts'
import type { Mailer } from '../mail/mailer.ts'

export interface Services extends AccountServices {
  /** null: nothing is mailed, and whoever makes a link passes it on. */
  mailer: Mailer | null
}

// Every form of an entry of ALLOWED_HOSTS: what it opens, and what is near it and stays shut. `URL at address`: what its name resolves to.

export const ENTRIES: { entry: string; hits: string[]; misses: string[] }[] = [
  {
    entry: 'gitlab.corp.lan',
    hits: ['https://gitlab.corp.lan at 10.1.2.3', 'https://GitLab.Corp.Lan:8443 at 10.1.2.3'],
    misses: [
      'https://evilgitlab.corp.lan at 10.1.2.3',
      'https://gitlab.corp.lan.evil.com at 10.1.2.3',
      'https://sub.gitlab.corp.lan at 10.1.2.3',
      'https://gitlab.corp.lan:22 at 10.1.2.3',
      'https://gitlab.corp.lan at 127.0.0.1',
      'https://gitlab.corp.lan at 169.254.169.254',
      'https://10.1.2.3',
    ],
  },
  {
    entry: '*.corp.lan',
    hits: ['https://gitlab.corp.lan at 10.1.2.3', 'https://a.b.corp.lan at 10.1.2.4'],
    misses: [
      'https://corp.lan at 10.1.2.3',
      'https://evilcorp.lan at 10.1.2.3',
      'https://gitlab.corp.lan.evil.com at 10.1.2.3',
      'https://gitlab.corp.lan:80 at 10.1.2.3',
      'https://gitlab.corp.lan at fd00:ec2::254',
    ],
  },
  {
    entry: 'gitlab.corp.lan:8443',
    hits: ['https://gitlab.corp.lan:8443 at 10.1.2.3'],
    misses: [
      'https://gitlab.corp.lan at 10.1.2.3',
      'https://gitlab.corp.lan:8444 at 10.1.2.3',
      'https://evilgitlab.corp.lan:8443 at 10.1.2.3',
      'http://gitlab.corp.lan:8443 at 10.1.2.3',
    ],
  },
  {
    entry: 'gitlab.corp.lan:80',
    hits: ['https://gitlab.corp.lan:80 at 10.1.2.3'],
    misses: [
      'https://gitlab.corp.lan:81 at 10.1.2.3',
      'https://gitlab.corp.lan at 10.1.2.3',
      'https://sub.gitlab.corp.lan:80 at 93.184.216.34',
    ],
  },
  {
    entry: '*.corp.lan:8443',
    hits: ['https://gitlab.corp.lan:8443 at 10.1.2.3'],
    misses: [
      'https://gitlab.corp.lan at 10.1.2.3',
      'https://evilcorp.lan:8443 at 10.1.2.3',
      'https://gitlab.corp.lan:8443 at 127.0.0.1',
    ],
  },
  {
    entry: '10.1.2.3',
    hits: ['https://10.1.2.3', 'https://10.1.2.3:8443', 'https://gitlab.corp.lan at 10.1.2.3'],
    misses: ['https://10.1.2.4', 'https://10.1.2.3:22', 'https://gitlab.corp.lan at 10.1.2.30', 'http://10.1.2.3:8443'],
  },
  {
    entry: '10.1.2.3:8443',
    hits: ['https://10.1.2.3:8443'],
    misses: ['https://10.1.2.3', 'https://10.1.2.3:8444', 'https://10.1.2.4:8443'],
  },
  {
    entry: 'fd12::5',
    hits: ['https://[fd12::5]', 'https://gitlab.corp.lan at fd12::5'],
    misses: ['https://[fd12::6]', 'https://[fd12::5]:22', 'https://gitlab.corp.lan at fd12::50'],
  },
  {
    entry: '[fd12::5]:8443',
    hits: ['https://[fd12::5]:8443'],
    misses: ['https://[fd12::5]', 'https://[fd12::5]:8444', 'https://[fd12::6]:8443'],
  },
  {
    entry: '10.1.0.0/16',
    hits: ['https://10.1.2.3', 'https://gitlab.corp.lan at 10.1.9.9'],
    misses: [
      'https://10.2.0.1',
      'https://gitlab.corp.lan at 10.0.255.255',
      'https://10.1.2.3:22',
      'http://10.1.2.3:8080',
    ],
  },
  {
    entry: 'fd12::/16',
    hits: ['https://[fd12::5]', 'https://gitlab.corp.lan at fd12:ffff::1'],
    misses: ['https://[fd13::5]', 'https://gitlab.corp.lan at fd11::1', 'https://[fd00:ec2::254]'],
  },
  {
    entry: '0.0.0.0/0,::/0',
    hits: ['https://10.1.2.3', 'https://[fd12::5]'],
    misses: [
      'https://169.254.169.254',
      'https://168.63.129.16',
      'https://[fd00:ec2::254]',
      'https://127.0.0.1:8443',
      'https://[::1]:8443',
      'https://0.0.0.0',
      'https://224.0.0.1',
      'https://[ff02::1]',
    ],
  },
  {
    entry: 'private',
    hits: ['https://10.1.2.3', 'https://[fd12::5]', 'https://gitlab.corp.lan at 100.64.0.1'],
    misses: [
      'https://127.0.0.1',
      'https://localhost:8443 at 127.0.0.1',
      'https://169.254.169.254',
      'https://[fd00:ec2::254]',
      'https://100.100.100.200',
      'https://198.18.0.1',
      'https://10.1.2.3:80',
    ],
  },
  {
    entry: 'localhost:8443',
    hits: ['https://localhost:8443 at 127.0.0.1'],
    misses: [
      'https://localhost:8444 at 127.0.0.1',
      'https://127.0.0.1:8443',
      'https://[::1]:8443',
      'https://gitlab.localhost:8443 at 127.0.0.1',
      'https://localhost.evil.com:8443 at 127.0.0.1',
      'http://localhost:8443 at 127.0.0.1',
    ],
  },
  {
    entry: '127.0.0.1:8443',
    hits: ['https://127.0.0.1:8443'],
    misses: ['https://localhost:8443 at 127.0.0.1', 'https://127.0.0.2:8443', 'https://127.0.0.1:8444'],
  },
  {
    entry: '[::1]:8443',
    hits: ['https://[::1]:8443'],
    misses: ['https://localhost:8443 at ::1', 'https://127.0.0.1:8443', 'https://[::1]:8444'],
  },
  {
    entry: 'localhost,127.0.0.1,[::1],127.0.0.0/8',
    hits: ['https://ghe.example.com at 93.184.216.34'],
    misses: ['https://localhost:8443 at 127.0.0.1', 'https://127.0.0.1:8443', 'https://[::1]:8443'],
  },
  {
    entry: 'http://gitlab.corp.lan:8080',
    hits: ['http://gitlab.corp.lan:8080 at 10.1.2.3', 'https://gitlab.corp.lan:8080 at 10.1.2.4'],
    misses: [
      'http://gitlab.corp.lan:8081 at 10.1.2.3',
      'http://evilgitlab.corp.lan:8080 at 10.1.2.3',
      'http://gitlab.corp.lan.evil.com:8080 at 10.1.2.3',
      'https://gitlab.corp.lan at 10.1.2.3',
      'http://gitlab.corp.lan:8080 at 169.254.169.254',
    ],
  },
  {
    entry: ' gitlab.corp.lan:8443 , 10.9.0.0/16,',
    hits: ['https://gitlab.corp.lan:8443 at 10.1.2.3', 'https://10.9.0.1'],
    misses: ['https://gitlab.corp.lan:8444 at 10.1.2.3', 'https://10.8.0.1', 'https://10.9.0.1:22'],
  },
]

/** For the platform's certificate. */
export const HIT_HOSTS = [
  ...new Set(ENTRIES.flatMap(({ hits }) => hits.map((hit) => new URL(hit.split(' ')[0] ?? '').hostname))),
].map((host) => host.replace(/^\[|\]$/g, ''))

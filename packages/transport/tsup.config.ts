import { library } from '../../build/tsup.ts'

export default library({ entry: ['src/index.ts', 'src/link-mailbox.ts'] })

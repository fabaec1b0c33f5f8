import { library } from '../../build/tsup.ts'

export default library()

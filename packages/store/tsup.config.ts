import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/level.ts', 'src/level.browser.ts'],
  platform: 'neutral',
})

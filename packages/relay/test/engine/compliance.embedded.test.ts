import { openEngine } from '../support/engine.js'
import { engineCompliance } from './compliance.js'

engineCompliance('the embedded engine', openEngine, { alone: true })

export { PAYMENT_ERRORS, PaymentError, type PaymentErrorCode } from './errors.js'

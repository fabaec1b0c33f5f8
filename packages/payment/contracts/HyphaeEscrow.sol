// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title One-way payment channels in the chain's own coin.
/// @notice A payer deposits for a payee; the payee redeems cumulative vouchers that the payer signed; the payer gets
/// the rest back after a notice in which the payee can still redeem. spec/payment.md section 7.2.
contract HyphaeEscrow {
    struct Channel {
        address payer;
        /// Seconds between asking to close and closing.
        uint64 notice;
        address payee;
        /// Seconds since 1970; 0 while nobody has asked to close.
        uint64 closesAt;
        uint128 deposit;
        uint128 redeemed;
        bool closed;
    }

    event Opened(bytes32 indexed id, address indexed payer, address indexed payee, bytes32 account, uint256 deposit);
    event ToppedUp(bytes32 indexed id, uint256 deposit);
    event Redeemed(bytes32 indexed id, uint256 amount);
    event Closing(bytes32 indexed id, uint64 closesAt);
    event Closed(bytes32 indexed id, uint256 refund);

    error Exists();
    error NotOpen();
    error BadNotice();
    error BadValue();
    error NotPayer();
    error NotPayee();
    error BadSignature();
    error Backward();
    error BeyondDeposit();
    error Expired();
    error TooEarly();
    error TransferFailed();

    uint64 public constant MIN_NOTICE = 1 hours;
    uint64 public constant MAX_NOTICE = 60 days;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant VOUCHER_TYPE = keccak256("Voucher(bytes32 channel,uint256 amount,uint64 expiresAt)");
    bytes32 private constant NAME = keccak256("Hyphae Escrow");
    bytes32 private constant VERSION = keccak256("1");

    /// Half the order of secp256k1: larger s are the malleable twins of smaller ones.
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    mapping(bytes32 id => Channel) private channels;

    /// @param account The id of the channel outside of the chain: its terms name this contract and the payer in turn.
    function channelId(address payer, address payee, bytes32 account) public pure returns (bytes32) {
        return keccak256(abi.encode(payer, payee, account));
    }

    function channelOf(bytes32 id) external view returns (Channel memory) {
        return channels[id];
    }

    /// @notice Opens a channel with what is sent. An id is used once for ever, so that old vouchers stay worthless.
    function open(address payee, bytes32 account, uint64 notice) external payable returns (bytes32 id) {
        if (notice < MIN_NOTICE || notice > MAX_NOTICE) revert BadNotice();
        if (msg.value == 0 || msg.value > type(uint128).max || payee == address(0)) revert BadValue();
        id = channelId(msg.sender, payee, account);
        if (channels[id].payer != address(0)) revert Exists();
        channels[id] = Channel({
            payer: msg.sender,
            notice: notice,
            payee: payee,
            closesAt: 0,
            deposit: uint128(msg.value),
            redeemed: 0,
            closed: false
        });
        emit Opened(id, msg.sender, payee, account, msg.value);
    }

    /// @notice Adds to the deposit; not while the channel is being closed.
    function topUp(bytes32 id) external payable {
        Channel storage channel = _open(id);
        if (channel.closesAt != 0) revert NotOpen();
        uint256 deposit = uint256(channel.deposit) + msg.value;
        if (msg.value == 0 || deposit > type(uint128).max) revert BadValue();
        channel.deposit = uint128(deposit);
        emit ToppedUp(id, deposit);
    }

    /// @notice Pays the payee what the voucher adds to what was redeemed. Vouchers are cumulative.
    function redeem(bytes32 id, uint256 amount, uint64 expiresAt, bytes calldata signature) external {
        Channel storage channel = _open(id);
        if (msg.sender != channel.payee) revert NotPayee();
        if (block.timestamp >= expiresAt) revert Expired();
        if (amount <= channel.redeemed) revert Backward();
        if (amount > channel.deposit) revert BeyondDeposit();
        if (_signer(voucherHash(id, amount, expiresAt), signature) != channel.payer) revert BadSignature();
        uint256 added = amount - channel.redeemed;
        channel.redeemed = uint128(amount);
        emit Redeemed(id, amount);
        _send(channel.payee, added);
    }

    /// @notice The payer asks for the rest; the payee has the notice to redeem what it holds.
    function startClose(bytes32 id) external {
        Channel storage channel = _open(id);
        if (msg.sender != channel.payer) revert NotPayer();
        if (channel.closesAt != 0) revert NotOpen();
        uint64 closesAt = uint64(block.timestamp) + channel.notice;
        channel.closesAt = closesAt;
        emit Closing(id, closesAt);
    }

    /// @notice After the notice anyone may give the payer the rest.
    function finishClose(bytes32 id) external {
        Channel storage channel = _open(id);
        if (channel.closesAt == 0 || block.timestamp < channel.closesAt) revert TooEarly();
        _close(id, channel);
    }

    /// @notice The payee may let the payer go at once.
    function release(bytes32 id) external {
        Channel storage channel = _open(id);
        if (msg.sender != channel.payee) revert NotPayee();
        _close(id, channel);
    }

    /// @notice EIP-712 digest of a voucher of this contract on this chain.
    function voucherHash(bytes32 id, uint256 amount, uint64 expiresAt) public view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, address(this)));
        bytes32 voucher = keccak256(abi.encode(VOUCHER_TYPE, id, amount, expiresAt));
        return keccak256(abi.encodePacked(hex"1901", domain, voucher));
    }

    function _open(bytes32 id) private view returns (Channel storage channel) {
        channel = channels[id];
        if (channel.payer == address(0) || channel.closed) revert NotOpen();
    }

    function _close(bytes32 id, Channel storage channel) private {
        uint256 refund = channel.deposit - channel.redeemed;
        channel.closed = true;
        emit Closed(id, refund);
        if (refund > 0) _send(channel.payer, refund);
    }

    function _send(address to, uint256 amount) private {
        (bool sent, ) = to.call{value: amount}("");
        if (!sent) revert TransferFailed();
    }

    function _signer(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) revert BadSignature();
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        if (uint256(s) > HALF_ORDER) revert BadSignature();
        address signer = ecrecover(digest, uint8(signature[64]), r, s);
        if (signer == address(0)) revert BadSignature();
        return signer;
    }
}

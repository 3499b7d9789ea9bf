"""The numbers of the exchange: what a package is refused for, stable and the same everywhere."""

from __future__ import annotations

from kernel.errors import Unverified

ENVELOPE, MISSING, TIME, EXPIRED, CONTAINER = 200, 202, 203, 204, 205
DIGEST, SIGNATURE, CERTIFICATE, REVOKED, ALGORITHM = 210, 211, 212, 213, 214
NAME, SIZE, CLASSIFIED, ACTS, SEAL = 215, 216, 217, 218, 219
EVIDENCE = 220
SENDER = 300

TEXTS = {
    ENVELOPE: ("信封或元数据不合规范", "The envelope or the metadata is not as it must be"),
    MISSING: ("公文包缺少内容或含有清单以外的内容", "Parts are missing, or not in the manifest"),
    TIME: ("时间超出允许范围", "A time is out of range"),
    EXPIRED: ("期限早于发出时间", "A deadline had passed before it was sent"),
    CONTAINER: ("公文包的封装格式不合规范", "The container is not well formed"),
    DIGEST: ("内容被改动过，摘要不符", "Content was altered: a digest differs"),
    SIGNATURE: ("公文包的电子签名无效", "The signature of the package does not hold"),
    CERTIFICATE: ("签名证书不可信或不在有效期内", "The certificate is not trusted or not valid"),
    REVOKED: ("签名证书已被吊销", "The certificate had been revoked"),
    ALGORITHM: ("签名算法不被允许", "The signature algorithm is not allowed"),
    NAME: ("文件名不安全", "A file name is unsafe"),
    SIZE: ("文件过多或过大", "Too many files, or too big"),
    CLASSIFIED: ("含有密级标志，严禁在本系统传输", "Classified matter must never travel here"),
    ACTS: ("签发、编号、用印或发送的办理签名不成立", "The signed acts behind it do not hold"),
    SEAL: ("版式文件上的电子印章不成立", "The seal on the document does not hold"),
    EVIDENCE: ("回执不成立或不属于此件", "The evidence does not hold, or is about another package"),
    SENDER: ("发文单位与签名单位不符", "The sender is not the unit that signed"),
}

_BY_CODE = {
    "acts_format.revoked": REVOKED,
    "cms.algorithm": ALGORITHM,
    "cms.digest": DIGEST,
    "suites.key": ALGORITHM,
    "suites.unknown": ALGORITHM,
    "suites.time": ALGORITHM,
    "x509.revoked": REVOKED,
}


class PackageRefused(Unverified):
    """A package that is not taken.

    :param number: one of the numbers above.
    :param detail: the part of the package or the rule that is broken, for the log.
    """

    def __init__(self, number: int, detail: str) -> None:
        zh, en = TEXTS[number]
        super().__init__(
            f"exchange.package_{number}",
            f"{zh}（{number}），请退回并要求发送单位重新发送。",
            f"{en} ({number}): return it and ask the sender to send it again.",
        )
        self.number = number
        self.detail = detail


def refused_for(error: Unverified, number: int = 0) -> PackageRefused:
    """The same refusal with the number of the exchange, for what the signature checks raise.

    :param number: that of the part which does not hold, in place of those for signatures; what was
        revoked is always said to be that.
    """
    if isinstance(error, PackageRefused):
        return error
    if number and _BY_CODE.get(error.code) != REVOKED:
        return PackageRefused(number, error.code)
    default = CERTIFICATE if error.code.startswith("x509.") else SIGNATURE
    return PackageRefused(_BY_CODE.get(error.code, default), error.code)

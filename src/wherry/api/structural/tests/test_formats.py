from __future__ import annotations

import pytest

from wherry.api.structural.formats import find_format

GOOD = {
    "date-time": [
        "2014-12-15T19:30:20.000Z",
        "2024-02-29T00:00:00Z",
        "2024-01-01t10:00:00+01:00",
        "2024-01-01T23:59:59z",
    ],
    "date": ["2006-01-02", "2024-02-29", "0000-02-29"],
    "duration": ["22ns", "1h30m", "1.5h", "0", "-3s", "3 weeks", "5 mins", "1d", "2 HOURS"],
    "byte": ["aGk=", "YQ==", "YWJj"],
    "password": ["", "anything"],
    "uuid": ["a8098c1a-f86e-11da-bd1a-00112444be1e", "A8098C1AF86E11DABD1A00112444BE1E"],
    "uuid3": ["bcd02e22-68f0-3046-a512-327cca9def8f"],
    "uuid4": ["025b0d74-00a2-4048-bf57-227c5111bb34"],
    "uuid5": ["886313e1-3b8a-5372-9b90-0c9aee199e5d"],
    "ipv4": ["192.168.254.1", "010.001.000.009", "::ffff:10.0.0.1"],
    "ipv6": ["::1", "2001:db8::ff", "::ffff:10.0.0.1"],
    "cidr": ["10.0.0.0/8", "2001:db8::/32", "10.0.0.1/32", "010.0.0.0/8"],
    "mac": ["01:02:03:04:05:06", "01-23-45-67-89-ab-cd-ef", "0123.4567.89ab"],
    "hostname": ["somewhere.com", "888.com", "a", "example.london", "www.xn--l-1fa.com", "a.b.c.dd"],
    "email": ["somebody@somewhere.com", "Barry Gibbs <bg@example.com>", "a.b@c.d"],
    "uri": ["http://somewhere.com", "/path", "https://a.b/c?d=e#f", "mailto:x", "*"],
    "bsonobjectid": ["507f1f77bcf86cd799439011"],
    "isbn": ["0321751043", "978-0321751041"],
    "isbn10": ["0321751043", "080442957X"],
    "isbn13": ["978-0321751041", "978 0321751041"],
    "creditcard": ["4111-1111-1111-1111", "5500000000000004"],
    "ssn": ["111-11-1111", "111 11 1111"],
    "hexcolor": ["#FFFFFF", "fff"],
    "rgbcolor": ["rgb(255,255,255)", "rgb( 1 , 2 , 3 )"],
    "k8s-short-name": ["a", "my-name", "123-abc", "a" * 63],
    "k8s-long-name": ["a", "a.b-c.d", ".".join(["a" * 63] * 3)],
}
BAD = {
    "date-time": [
        "",
        "2024-01-01",
        "2024-02-30T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T10:00:00",
        "2024-01-01 10:00:00Z",
    ],
    "date": ["2023-02-29", "2024-1-1", "2024-01-01T00:00:00Z", "yesterday"],
    "duration": ["", "soon", "5 fortnights", "h", "9" * 30 + " weeks"],
    "byte": ["", "a", "aGk", "a-k_"],
    "uuid": ["a8098c1a-f86e-11da-bd1a", "g8098c1a-f86e-11da-bd1a-00112444be1e"],
    "uuid3": ["025b0d74-00a2-4048-bf57-227c5111bb34"],
    "uuid4": ["bcd02e22-68f0-3046-a512-327cca9def8f", "025b0d74-00a2-4048-cf57-227c5111bb34"],
    "uuid5": ["025b0d74-00a2-4048-bf57-227c5111bb34"],
    "ipv4": ["198.168.254.2.2", "256.0.0.1", "10.0.0", "::1", "1.2.3.४"],
    "ipv6": ["127.0.0.1", "::g", "fe80::1%eth0"],
    "cidr": ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/a", "10.0.0/8"],
    "mac": ["01:02:03:04:05", "01:02:03:04:05:0g", "0123:4567:89ab", ""],
    "hostname": ["", "-a.com", "a-.com", "a..com", "somewhere.com!", "a.b", "x" * 64, "a_b.com"],
    "email": ["", "somebody@somewhere@com", "nobody", "a@", "@b", "a..b@c.d"],
    "uri": ["", "path", "http", "://a", "http://a b/", "/%zz", "a/b:c"],
    "bsonobjectid": ["507f1f77bcf86cd79943901", "507f1f77bcf86cd79943901g"],
    "isbn": ["836217463", "978-0321751042"],
    "isbn10": ["0321751042", "978-0321751041"],
    "isbn13": ["978-0321751040"],
    "creditcard": ["4111-1111-1111-1112", "1234"],
    "ssn": ["111111111", "999-99-999"],
    "hexcolor": ["#ff", "#gggggg"],
    "rgbcolor": ["rgb(300,0,0)", "rgb(1,2)"],
    "k8s-short-name": ["", "A", "-a", "a.b", "a" * 64],
    "k8s-long-name": ["", "a..b", "A.b", ".".join(["a" * 63] * 4)],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in GOOD.items() for text in texts])
def test_good(name: str, text: str) -> None:
    check = find_format(name)
    assert check is not None
    assert check(text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_bad(name: str, text: str) -> None:
    check = find_format(name)
    assert check is not None
    assert not check(text)


def test_unknown_formats_have_no_check() -> None:
    assert find_format("made-up") is None
    assert find_format("k8sshortname") is find_format("k8s-short-name")

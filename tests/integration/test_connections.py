"""Logging in at NATS: password, token, TLS. The wrong key is an error in words, never a crash."""

import shutil
import subprocess

import pytest

from harness.waiting import wait_until


def test_user_and_password(stack):
    nats = stack.nats(config='authorization { user: "weir", password: "s3cret" }\n')
    key = {"WEIR_NATS_USER": "weir", "WEIR_NATS_PASSWORD": "s3cret"}
    sidecar = stack.sidecar(nats, env=key)
    stack.publisher(nats, env=key).do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="service")
    assert "s3cret" not in str(sidecar.status())


def test_password_in_the_url(stack):
    nats = stack.nats(config='authorization { user: "weir", password: "s3cret" }\n')
    url = nats.url.replace("nats://", "nats://weir:s3cret@")
    sidecar = stack.sidecar(nats_url=url)
    stack.publisher(url=url).do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="service")
    assert "s3cret" not in str(sidecar.status()) and "s3cret" not in sidecar.log().split("\n", 1)[1]


def test_token(stack):
    nats = stack.nats(config='authorization { token: "t0ken" }\n')
    sidecar = stack.sidecar(nats, env={"WEIR_NATS_TOKEN": "t0ken"})
    stack.publisher(nats, env={"WEIR_NATS_TOKEN": "t0ken"}).do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="service")


def test_the_wrong_token_is_said_by_both_sides(stack):
    nats = stack.nats(config='authorization { token: "t0ken" }\n')
    sidecar = stack.sidecar(nats, env={"WEIR_NATS_TOKEN": "wrong"}, wait=False)
    publisher = stack.publisher(nats, env={"WEIR_NATS_TOKEN": "wrong"})

    def both_say_it():
        assert sidecar.running and publisher.running
        assert "uthoriz" in sidecar.status()["nats"]["last_error"], sidecar.status()["nats"]
        assert "uthoriz" in publisher.status()["reason"], publisher.status()
        return True
    wait_until(both_say_it, 15, "both to say that they are not authorized")


NKEY_SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"  # the example of NATS's documentation
NKEY_PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"


def test_nkey(stack):
    nats = stack.nats(config=f"authorization {{ users: [ {{ nkey: {NKEY_PUBLIC} }} ] }}\n")
    seed = stack.folder / "seed.nk"
    seed.write_text(f"{NKEY_SEED}\n{NKEY_PUBLIC}\n")  # the client wants both words in the file
    sidecar = stack.sidecar(nats, nats__nkey=seed)
    stack.publisher(nats, env={"WEIR_NATS_NKEY": str(seed)}).do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="service")
    asked = stack.weirctl("doctor", "--url", sidecar.url, "--nats.url", nats.url, "--nats.nkey", seed, "--node", "test-node")
    assert asked.returncode == 0, asked.stdout


def test_a_seed_without_its_public_key_is_an_error_that_says_what_is_missing(stack):
    seed = stack.folder / "seed.nk"
    seed.write_text(NKEY_SEED + "\n")
    sidecar = stack.sidecar(stack.nats(), nats__nkey=seed, wait=False)
    assert sidecar.wait() > 0
    assert str(seed) in sidecar.log() and "public key" in sidecar.log()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    openssl = shutil.which("openssl")
    assert openssl, "cannot find openssl: it makes the certificates of this test"
    folder = tmp_path_factory.mktemp("tls")

    def make(name, *arguments):
        subprocess.run([openssl, *arguments, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
                       cwd=folder, check=True, capture_output=True)
    make("ca", "req", "-x509", "-addext", "keyUsage=critical,keyCertSign")
    for name, usage in (("server", "serverAuth"), ("client", "clientAuth")):
        make(name, "req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", f"extendedKeyUsage={usage}",
             "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE") \
            if _signs_in_one_step(openssl) else _sign_in_two_steps(openssl, folder, name, usage)
    make("stranger", "req", "-x509")
    return folder


def _signs_in_one_step(openssl):
    """`req -x509 -CA` came with OpenSSL 3.0."""
    version = subprocess.run([openssl, "version"], capture_output=True, text=True, check=True).stdout
    return not version.startswith("OpenSSL 1.")


def _sign_in_two_steps(openssl, folder, name, usage):
    (folder / f"{name}.ext").write_text(f"extendedKeyUsage={usage}\nsubjectAltName=IP:127.0.0.1,DNS:localhost\n")
    subprocess.run([openssl, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
                    f"{name}.csr", "-subj", f"/CN={name}"], cwd=folder, check=True, capture_output=True)
    subprocess.run([openssl, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                    "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem"],
                   cwd=folder, check=True, capture_output=True)


def tls_config(folder, verify):
    return (f'tls {{ cert_file: "{folder}/server.pem", key_file: "{folder}/server.key",'
            f' ca_file: "{folder}/ca.pem", verify: {str(verify).lower()} }}\n')


@pytest.mark.parametrize("mutual", [False, True], ids=["server", "mutual"])
def test_tls(stack, certificates, mutual):
    nats = stack.nats(config=tls_config(certificates, mutual), scheme="tls")
    key = {"WEIR_NATS_TLS_CA": str(certificates / "ca.pem")}
    if mutual:
        key.update({"WEIR_NATS_TLS_CERT": str(certificates / "client.pem"),
                    "WEIR_NATS_TLS_KEY": str(certificates / "client.key")})
    sidecar = stack.sidecar(nats, env=key)
    stack.publisher(nats, env=key).do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="service")


def test_a_server_that_another_authority_signed_is_not_trusted(stack, certificates):
    nats = stack.nats(config=tls_config(certificates, False), scheme="tls")
    sidecar = stack.sidecar(nats, env={"WEIR_NATS_TLS_CA": str(certificates / "stranger.pem")}, wait=False)

    def refused():
        status = sidecar.status()["nats"]
        assert not status["connected"] and status["last_error"], status
        return True
    wait_until(refused, 15, "an error of TLS")
    assert sidecar.running


def test_permissions_keep_one_service_from_speaking_for_another(stack):
    nats = stack.nats(config="""
authorization {
  users = [
    { user: sidecar, password: a }
    { user: shop, password: b, permissions: {
        publish: { allow: ["weir.v1.pub.*.shop.>"] },
        subscribe: { allow: ["weir.v1.ctl.>", "_INBOX.weir.>"] } } }
  ]
}
""")
    sidecar = stack.sidecar(nats, env={"WEIR_NATS_USER": "sidecar", "WEIR_NATS_PASSWORD": "a"})
    key = {"WEIR_NATS_USER": "shop", "WEIR_NATS_PASSWORD": "b"}
    honest = stack.publisher(nats, "shop", env=key)
    honest.do("counter a_total 1")
    sidecar.wait_value(1, "a_total", service_name="shop")
    liar = stack.publisher(nats, "cart", env=key)
    liar.do("counter a_total 1")
    honest.do("counter a_total 1")
    sidecar.wait_value(2, "a_total", service_name="shop")
    assert not sidecar.scrape().series("a_total", service_name="cart")
    wait_until(lambda: liar.status()["state"] != "publishing", 5)

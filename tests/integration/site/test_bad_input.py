"""Bad input and its cure: a condition that names the field or object, no traceback, no flapping, recovery without a restart."""

import pytest
from tests.integration.site.conftest import SiteUnderTest

pytestmark = pytest.mark.timeout(240)


def ready(answer):
    return answer[0] == "True"


def test_objects_without_a_site_say_so_until_it_comes(site: SiteUnderTest):
    site.secrets()
    site.apply("MasterTarget/mt-win-1", "ProcessServer/ps-azure-1", "FailbackPlan/tokyo-home")
    site.operator()
    for kind, name in (("mt", "mt-win-1"), ("ps", "ps-azure-1"), ("fbp", "tokyo-home")):
        found = site.eventually(lambda kind=kind, name=name: site.condition(kind, name), lambda c: c[1] == "SiteNotFound")
        assert found[0] == "False"
        assert "spec.siteRef.name: there is no RecoverySite tokyo" in found[2]
    site.apply()
    site.eventually(lambda: site.condition("rsite", "tokyo"), ready)
    site.eventually(lambda: site.condition("mt", "mt-win-1"), ready)
    site.kubectl.run("delete", "rsite", "tokyo", "-n", site.namespace)
    site.eventually(lambda: site.condition("mt", "mt-win-1"), lambda c: c[1] == "SiteNotFound")


def test_a_site_of_another_namespace_is_pointed_out(site: SiteUnderTest):
    site.secrets()
    site.apply("FailbackPlan/tokyo-home")
    other = {**site.manifests()["RecoverySite/tokyo"]}
    other["metadata"] = {"name": "tokyo", "namespace": "default"}
    site.kubectl.apply(other)
    try:
        site.operator("--namespace", site.namespace, "--namespace", "default")
        found = site.eventually(lambda: site.condition("fbp", "tokyo-home"), lambda c: c[1] == "SiteNotFound")
        assert "namespace default" in found[2]
    finally:
        site.kubectl.run("delete", "rsite", "tokyo", "-n", "default")


def test_missing_secrets_are_named_and_their_coming_is_enough(site: SiteUnderTest):
    site.apply()
    site.operator()
    missing = site.eventually(lambda: site.source("azure"), lambda s: s[1] == "SecretMissing")
    assert f"Secret azure in namespace {site.namespace} does not exist" in missing[2]
    missing = site.eventually(lambda: site.source("vcenter/tokyo"), lambda s: s[1] == "SecretMissing")
    assert f"Secret vcenter in namespace {site.namespace} does not exist" in missing[2]
    assert site.condition("rsite", "tokyo")[0] in {"False", "Unknown"}
    assert site.condition("fbp", "tokyo-home")[0] in {"False", "Unknown"}
    site.secrets()
    site.eventually(lambda: site.condition("rsite", "tokyo"), ready)


def test_a_missing_key_and_broken_certificates_are_named(site: SiteUnderTest):
    site.secrets()
    site.put("Secret", "azure2", stringData={"secret": "value"})
    site.put("ConfigMap", "lab-ca", data={"ca.pem": "not a certificate"})
    site.apply()
    azure = site.manifests()["RecoverySite/tokyo"]["spec"]["azure"]
    azure["credentials"]["secretRef"] = {"name": "azure2"}
    site.apply("RecoverySite/tokyo", azure=azure)
    site.operator()
    found = site.eventually(lambda: site.source("azure"), lambda s: s[1] == "SecretMissing")
    assert found[2] == f"Secret azure2 in namespace {site.namespace} has no key clientSecret"
    found = site.eventually(lambda: site.source("vcenter/tokyo"), lambda s: s[1] == "CertificateInvalid")
    assert "key ca.pem of ConfigMap lab-ca" in found[2]
    site.secrets()
    site.apply("RecoverySite/tokyo")
    site.eventually(lambda: site.condition("rsite", "tokyo"), ready)


def test_of_two_sites_on_one_fabric_the_older_works_and_the_other_says_so(site: SiteUnderTest):
    site.secrets()
    site.apply()
    site.operator()
    site.eventually(lambda: site.condition("rsite", "tokyo"), ready)
    second = site.manifests()["RecoverySite/tokyo"]
    second["metadata"]["name"] = "again"
    second["spec"]["vault"]["resourceGroup"] = second["spec"]["vault"]["resourceGroup"].upper()
    site.kubectl.apply(second)
    found = site.eventually(lambda: site.condition("rsite", "again"), lambda c: c[1] == "DuplicateSite")
    assert "tokyo" in found[2]
    assert ready(site.condition("rsite", "tokyo"))

#include "tests/support/certificates.hpp"

#include "tests/support/process.hpp"

namespace airlock::test {

CertificateAuthority::CertificateAuthority(const std::string& name) {
    run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", folder_ / "ca.key", "-out",
         folder_ / "ca.crt"});
}

ServerCertificate CertificateAuthority::issue(const std::string& names, int days) const {
    run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=server", "-keyout", folder_ / "server.key", "-out", folder_ / "server.csr"});
    folder_.write("names", "subjectAltName=" + names + "\n");
    run({"openssl", "x509", "-req", "-in", folder_ / "server.csr", "-CA", folder_ / "ca.crt",
         "-CAkey", folder_ / "ca.key", "-CAcreateserial", "-days", std::to_string(days), "-out",
         folder_ / "server.crt", "-extfile", folder_ / "names"});
    return {.certificate = folder_ / "server.crt", .key = folder_ / "server.key"};
}

}  // namespace airlock::test

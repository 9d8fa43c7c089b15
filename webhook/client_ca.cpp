#include "webhook/client_ca.hpp"

#include "base/error.hpp"
#include "base/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <string>

namespace airlock::webhook {

using base::Errc;
namespace openssl = base::openssl;

namespace {

using Store = std::unique_ptr<X509_STORE, openssl::Deleter<X509_STORE_free>>;

// Sessions of one session id context cannot be resumed in another one.
void set_session_id_context(SSL_CTX& context,
                            const std::vector<std::shared_ptr<X509>>& certificates) {
    const openssl::MdContext hash(EVP_MD_CTX_new());
    bool good = hash && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1;
    for (const auto& certificate : certificates) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        good = good && X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) == 1 &&
               EVP_DigestUpdate(hash.get(), digest.data(), size) == 1;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> id{};
    unsigned size = 0;
    good = good && EVP_DigestFinal_ex(hash.get(), id.data(), &size) == 1 &&
           SSL_CTX_set_session_id_context(&context, id.data(), size) == 1;
    if (!good) openssl::throw_error(Errc::internal, "cannot set the TLS session id context");
}

bool is_valid_now(const X509& certificate) {
    return X509_cmp_current_time(X509_get0_notBefore(&certificate)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(&certificate)) > 0;
}

// A session whose certificate has expired since is not resumed: the client must present a new one.
SSL_TICKET_RETURN check_ticket(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                               SSL_TICKET_STATUS status, void*) {
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    const auto* peer = SSL_SESSION_get0_peer(session);
    if (peer != nullptr && !is_valid_now(*peer)) return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

ClientCa ClientCa::parse(std::string_view pem) {
    ClientCa result;
    const auto reader = openssl::reader(pem);
    ERR_clear_error();
    while (X509* next = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr))
        result.certificates_.emplace_back(next, X509_free);
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        openssl::throw_error(Errc::usage, "cannot read the CA certificates of clients");
    ERR_clear_error();  // OpenSSL reports the end of the file as an error
    if (result.certificates_.empty())
        throw base::Error(Errc::usage, "contains no CA certificate of clients")
            .set_hint("write one or more certificates to it, PEM");
    return result;
}

void ClientCa::apply_to(SSL_CTX& context) const {
    const Store store(X509_STORE_new());
    bool good = store != nullptr;
    for (const auto& certificate : certificates_) {
        good = good && X509_STORE_add_cert(store.get(), certificate.get()) == 1 &&
               SSL_CTX_add_client_CA(&context, certificate.get()) == 1;
    }
    // Each certificate of the file is trusted, also an intermediate one without its root.
    good = good && X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
           SSL_CTX_set1_verify_cert_store(&context, store.get()) == 1;
    if (!good) openssl::throw_error(Errc::usage, "cannot use the CA certificates of clients");
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
    set_session_id_context(context, certificates_);
    // Tickets are the only way to resume a session, so that check_ticket sees them all.
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_ticket_cb(&context, nullptr, check_ticket, nullptr);
}

bool has_verified_client(const SSL& connection) {
    return SSL_get0_peer_certificate(&connection) != nullptr &&
           SSL_get_verify_result(&connection) == X509_V_OK;
}

}  // namespace airlock::webhook

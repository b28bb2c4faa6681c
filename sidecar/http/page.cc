#include "sidecar/http/page_html.h"  // generated from page.html
#include "sidecar/http/routes.h"

namespace weir::sidecar::http {

std::string_view page_html() {
  return kPageHtml;
}

}  // namespace weir::sidecar::http

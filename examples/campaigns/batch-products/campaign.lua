-- Batch of products: every product of products.json that may be published is one post. A post's key is the product's
-- number in the shop, so a product that is added, changed or taken out changes no other post.
local postrider = require "postrider" { api = 1 }

local products = {}
for _, product in ipairs(postrider.json "products.json") do
  if product.publish then products[#products + 1] = product end
end

return postrider.campaign {
  name = "shop-window", zone = "Europe/Paris", accounts = { "tiktok:@acmebakery" },
  posts = postrider.each(products, function(product)
    return postrider.post {
      key = product.sku, media = product.video, when = "asap",
      caption = postrider.caption {
        text = "{name}, {price}. #bakery",
        values = { name = product.name, price = product.price },
      },
      note = "Product " .. product.sku,
      -- A shop's own products are advertising for its own brand.
      options = { tiktok = { privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
        allow_stitch = false, disclosure = "your_brand" } },
    }
  end),
}

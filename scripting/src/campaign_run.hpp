// Running a campaign with the context kept, for those who want to know more than the jobs (the
// linter).
#pragma once

#include <postrider/script/campaign.hpp>

#include "context.hpp"
#include "values.hpp"

#include <memory>

namespace postrider::script {

/// @param declared  if not null, gets the campaign as the script described it.
Result<LoadedCampaign> run_campaign(Context& ctx,
                                    std::filesystem::path const& file,
                                    std::shared_ptr<CampaignDecl const>* declared);

}  // namespace postrider::script

-- Why a customer is in its segment: for every feature customers are clustered
-- by, the customer's value beside the centroids of the segment and of the
-- runner-up, and the feature's part of the margin between the two. The parts
-- add up to runner_up_squared_distance less squared_distance.
create or replace macro marts.main.explain_customer(customer) as table

with

chosen as (

    select *
    from marts.main.customer_segments
    where customer_id = customer and status = 'segmented'

),

features as (

    select *
    from marts.main.feature_catalog
    where is_used

),

feature_values as (

    select
        chosen.customer_id,
        chosen.fit_number,
        chosen.segment_id,
        chosen.runner_up_segment_id,
        features.feature,
        features.label,
        features.unit,
        features.position,
        customer_values.value,
        coalesce(customer_values.value, features.missing_value) as filled,
        features.transform,
        features.lower_value,
        features.upper_value,
        features.mean_value,
        features.scale_factor
    from chosen
    cross join features
    left join marts.main.customer_feature_values as customer_values
        on
            customer_values.customer_id = chosen.customer_id
            and customer_values.feature = features.feature

),

scaled as (

    select
        *,
        (
            greatest(
                lower_value,
                least(
                    upper_value,
                    case transform
                        when 'log1p' then sign(filled) * ln(1 + abs(filled))
                        when 'sqrt' then sign(filled) * sqrt(abs(filled))
                        else filled
                    end
                )
            )
            - mean_value
        ) * scale_factor as scaled_value
    from feature_values

)

select
    scaled.customer_id,
    scaled.feature,
    scaled.label,
    scaled.unit,
    scaled.value,
    own.original_value as segment_value,
    runner_up.original_value as runner_up_value,
    (scaled.scaled_value - runner_up.scaled_value)
    * (scaled.scaled_value - runner_up.scaled_value)
    - (scaled.scaled_value - own.scaled_value)
    * (scaled.scaled_value - own.scaled_value) as contribution,
    scaled.segment_id,
    scaled.runner_up_segment_id
from scaled
inner join marts.history.fit_centroids as own
    on
        own.fit_number = scaled.fit_number
        and own.segment_id = scaled.segment_id
        and own.feature = scaled.feature
left join marts.history.fit_centroids as runner_up
    on
        runner_up.fit_number = scaled.fit_number
        and runner_up.segment_id = scaled.runner_up_segment_id
        and runner_up.feature = scaled.feature
order by contribution desc, scaled.position

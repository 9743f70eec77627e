select * from {{ ref('history_k_scan') }}
